import type { CompactJWSHeaderParameters, CryptoKey } from 'jose';

import { invalidToken, IssuerUnavailable } from '../access-denied.js';
import { fetchDocument } from './fetch-document.js';
import type { KeyFinder } from './key-set.js';
import { readKeySet } from './key-set.js';

/** How long keys are used without a look at whether they are still published. */
export const freshMs = 600_000;
/** How long the last keys are used while the issuer cannot be reached. */
export const usableMs = 24 * 3_600_000;
/** A key that we do not know may be new; but nobody can make us look for it more often than this. */
export const unknownKeyPauseMs = 30_000;
const defaultTimeoutMs = 5_000;
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;

/** What came of a look at the issuer's keys; `reason` is one of our own words. */
export type KeyFetch = { outcome: 'fetched' } | { outcome: 'failed'; reason: string; keysAgeMs: number | undefined };

export interface IssuerKeysOptions {
  /** Told of every look. */
  onFetch?: (fetch: KeyFetch) => void;
  /** How long one look may take. Default 5,000. */
  timeoutMs?: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

interface Kept {
  find: KeyFinder;
  takenMs: number;
}

/**
 * The keys that an issuer publishes (RFC 7517), fetched when they are needed: at the first token, after ten minutes, and for a key that
 * is not among them, then once in 30 seconds at most. After a failure we wait a second and twice as long each time, up to 30; meanwhile
 * the last good keys are used, for 24 hours at most. One look at a time, for everybody who waits.
 */
export class IssuerKeys {
  readonly #url: URL;
  readonly #onFetch: (fetch: KeyFetch) => void;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  #kept: Kept | undefined;
  #loading: Promise<void> | undefined;
  #lookedMs = -Infinity;
  #failures = 0;

  constructor(
    url: URL,
    { onFetch = () => undefined, timeoutMs = defaultTimeoutMs, now = () => performance.now() }: IssuerKeysOptions = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#url = url;
    this.#onFetch = onFetch;
    this.#now = now;
  }

  /** How old the keys are that are in use, in milliseconds; undefined while there are none. */
  get ageMs(): number | undefined {
    return this.#kept && this.#now() - this.#kept.takenMs;
  }

  /**
   * The key that a signature names. Throws AccessDenied (`token_key_unknown`) where the issuer has none that fits, and IssuerUnavailable
   * where it cannot be asked, so that nothing is known about the token.
   */
  async keyOf(header: CompactJWSHeaderParameters): Promise<CryptoKey> {
    const found = await (await this.#keys())(header);
    if (found) return found;
    if (this.#now() - this.#lookedMs >= unknownKeyPauseMs) await this.#look();
    else await this.#loading;
    const key = await (await this.#keys())(header);
    if (key) return key;
    if (this.#failures > 0) throw new IssuerUnavailable();
    throw keyUnknown();
  }

  async #keys(): Promise<KeyFinder> {
    const age = this.ageMs;
    if (this.#kept && age !== undefined && age < freshMs) return this.#kept.find;
    // Nobody waits for an issuer that is known to be away, as long as there are keys.
    if (this.#kept && age !== undefined && age < usableMs && this.#failures > 0) {
      void this.#look();
      return this.#kept.find;
    }
    await this.#look();
    if (this.#kept && this.#now() - this.#kept.takenMs < usableMs) return this.#kept.find;
    throw new IssuerUnavailable();
  }

  /** Looks, unless somebody does or it is too soon after a failure. Never rejects. */
  #look(): Promise<void> {
    if (this.#loading) return this.#loading;
    if (this.#now() < this.#lookedMs + this.#pauseMs()) return Promise.resolve();
    this.#lookedMs = this.#now();
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  #pauseMs(): number {
    return this.#failures === 0 ? 0 : Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(this.#failures - 1, 10));
  }

  async #load(): Promise<void> {
    const takenMs = this.#now();
    try {
      this.#kept = { find: readKeySet(await fetchDocument(this.#url, this.#timeoutMs)), takenMs };
      this.#failures = 0;
      this.#onFetch({ outcome: 'fetched' });
    } catch (error) {
      this.#failures += 1;
      this.#onFetch({ outcome: 'failed', reason: (error as Error).message, keysAgeMs: this.ageMs });
    }
    // A pause counts from the end: an issuer that answers slowly is not asked all the time.
    this.#lookedMs = this.#now();
  }
}

/** The token names a key that its issuer does not have. */
export const keyUnknown = () => invalidToken('token_key_unknown', 'the issuer has no such key');
