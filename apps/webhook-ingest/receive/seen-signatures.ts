import { LRUCache } from 'lru-cache';

const maxSignatures = 10_000;
/** Longer than a timestamp is within its tolerance, ahead of us and behind us. */
const maxAgeMs = 600_000;

/**
 * Signatures of deliveries that are durable: in front of the table, so that who replays one does no more than make us compute its
 * HMAC. A signature covers the body and when it was signed, so only a replay has the same; a delivery that is tried again has not.
 */
export class SeenSignatures {
  readonly #seen = new LRUCache<string, true>({ max: maxSignatures, ttl: maxAgeMs });

  has(signature: string): boolean {
    return this.#seen.has(signature);
  }

  /** Only once its event is committed: what was not stored must be storable by the next copy. */
  add(signature: string): void {
    this.#seen.set(signature, true);
  }
}
