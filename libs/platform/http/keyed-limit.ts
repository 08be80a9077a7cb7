import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import type { RateLimit } from '../configuration/index.js';

/** Keys that are counted at once at most; beyond them the one that was used longest ago begins anew. */
const maxKeys = 50_000;

/** How a key stands after a request. */
export interface Standing {
  admitted: boolean;
  /** Requests that are left in this window. */
  remaining: number;
  /** Until the window is over, rounded up. */
  resetSeconds: number;
}

/** Counts requests by key in fixed windows, in this process's memory. A window begins with its first request. */
export class KeyedLimit {
  readonly limit: RateLimit;
  readonly #counts: RateLimiterMemory;
  readonly #maxKeys: number;
  /** rate-limiter-flexible itself bounds no number of keys. Made with the first of them: it takes its whole memory at once. */
  #keys: LRUCache<string, true> | undefined;

  constructor(limit: RateLimit, keys = maxKeys) {
    this.limit = limit;
    this.#counts = new RateLimiterMemory({ points: limit.requests, duration: limit.seconds, keyPrefix: '' });
    this.#maxKeys = keys;
  }

  /** Counts a request of `key`; one that is not admitted counts too, but changes nothing. */
  async count(key: string): Promise<Standing> {
    this.#keys ??= new LRUCache({ max: this.#maxKeys, dispose: (_, old) => void this.#counts.delete(old) });
    if (this.#keys.get(key) === undefined) this.#keys.set(key, true);
    try {
      return standingOf(await this.#counts.consume(key), true);
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return standingOf(refusal, false);
      throw refusal;
    }
  }
}

const standingOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes, admitted: boolean): Standing => ({
  admitted,
  remaining: remainingPoints,
  resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
});
