import { LRUCache } from 'lru-cache';

import type { RateLimit } from '../configuration/index.js';
import { KeyedLimit } from './keyed-limit.js';
import { networkOf } from './network-of.js';
import { ProblemError } from './problem.js';

/** Networks that are not listened to at once at most; beyond them the one that was heard of longest ago is listened to again. */
const maxBlocked = 50_000;

/**
 * The networks whose requests keep being denied. One of more than `limit` within its window is not listened to for a window's length:
 * nothing that costs more than this answer is done for it.
 */
export class DeniedNetworks {
  readonly #limit: RateLimit | undefined;
  readonly #counts: KeyedLimit | undefined;
  /** Until when, in milliseconds. Made with the first of them: it takes its whole memory at once. */
  #blocked: LRUCache<string, number> | undefined;

  constructor(limit: RateLimit | undefined) {
    this.#limit = limit;
    this.#counts = limit && new KeyedLimit(limit);
  }

  /** Takes note that a request from `address` was denied. What is no address, such as a name, is a network of its own. */
  denied(address: string): void {
    const network = networkOf(address);
    void this.#counts?.count(network).then(({ admitted }) => {
      if (admitted) return;
      this.#blocked ??= new LRUCache({ max: maxBlocked });
      if (!this.#blocked.has(network)) this.#blocked.set(network, Date.now() + (this.#limit?.seconds ?? 0) * 1_000);
    });
  }

  /** Throws ProblemError 429 with Retry-After while too many requests of its network were denied. */
  assertNotFlooding(address: string): void {
    if (this.#blocked === undefined || this.#blocked.size === 0) return;
    const network = networkOf(address);
    const leftMs = (this.#blocked.get(network) ?? 0) - Date.now();
    if (leftMs <= 0) {
      this.#blocked.delete(network);
      return;
    }
    const detail = 'too many requests of this network were denied; wait, and send what is allowed';
    throw tooMany('denied', detail, Math.ceil(leftMs / 1_000));
  }
}

/** 429; `violated-policies` is the member that draft-ietf-httpapi-ratelimit-headers gives such a problem. */
export const tooMany = (
  policy: string,
  detail: string,
  retryAfterSeconds: number,
  headers: Record<string, string> = {},
): ProblemError =>
  new ProblemError(
    429,
    'rate_limited',
    detail,
    { 'violated-policies': [policy] },
    {
      ...headers,
      'retry-after': String(retryAfterSeconds),
    },
  );
