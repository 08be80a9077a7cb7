import { LRUCache } from 'lru-cache';

import type { PrivilegedAccessGranted } from '#domain/access';

export interface RepeatBounds {
  /** How long a recorded look stands for others of its kind, in milliseconds. */
  windowMs: number;
  /** Kinds that are remembered at most; what is forgotten is recorded anew. */
  kinds: number;
}

export const defaultRepeatBounds: RepeatBounds = { windowMs: 60_000, kinds: 10_000 };

/** A record that is under way, or in the log and good until a time in milliseconds. */
interface Recorded {
  record: Promise<void>;
  until: number;
}

/**
 * Records a look and lets the same one (who, what, at which resource, of which tenant, from where and why) pass for a minute without
 * another record: else whoever reads the log of a tenant adds to it with every page, and never reaches its end.
 */
export class RepeatedReads {
  readonly #bounds: RepeatBounds;
  readonly #recorded: LRUCache<string, Recorded>;

  constructor(bounds: Partial<RepeatBounds> = {}) {
    this.#bounds = { ...defaultRepeatBounds, ...bounds };
    this.#recorded = new LRUCache({ max: this.#bounds.kinds });
  }

  /** Resolves once such a look is in the log, by `record` or before. Rejects as `record` does, and then remembers nothing. */
  async once(tenantId: string, event: PrivilegedAccessGranted, record: () => Promise<void>): Promise<void> {
    const key = kindOf(tenantId, event);
    const known = this.#recorded.get(key);
    if (known && Date.now() < known.until) return known.record;
    const recorded = { record: record(), until: Infinity };
    this.#recorded.set(key, recorded);
    try {
      await recorded.record;
      recorded.until = Date.now() + this.#bounds.windowMs;
    } catch (error) {
      this.#recorded.delete(key);
      throw error;
    }
  }
}

/** All that the record of one says, but when it was and in which request. */
const kindOf = (
  tenantId: string,
  { at: _, origin: { requestId: __, ...origin }, ...event }: PrivilegedAccessGranted,
): string => JSON.stringify([tenantId, origin, event]);
