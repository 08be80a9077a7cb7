import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

import { AccessDenied } from '../access-denied.js';
import { tenantQuery, tenantStatement } from './tenant-statement.js';

export interface TenantStandingOptions {
  /** How old an answer may be, in milliseconds. Default 1,000. */
  maxAgeMs?: number;
  /** Tenants whose answer is kept at most. Default 10,000. */
  maxTenants?: number;
}

/** A look at a tenant's row: when it began, by `performance.now()`, and what it found. */
interface Look {
  began: number;
  suspended: Promise<boolean>;
}

const standingOf = tenantStatement(
  'tenant_standing',
  'select suspended_at is not null as suspended from billing.tenant where id = t.tenant_id',
);

/** What a suspended tenant is answered with, wherever it is found out: 403 `tenant_suspended`. */
export const tenantSuspended = (options?: ErrorOptions): AccessDenied =>
  new AccessDenied(
    403,
    'tenant_suspended',
    'the tenant is suspended: it can read, and change nothing; whoever runs this service can reinstate it',
    undefined,
    options,
  );

/**
 * Whether tenants may write, by their rows: one look at a time for each, and none while the last one is fresh. Doors ask here, so that a
 * suspended tenant is turned away before any work is done for it; the last word is `append`'s, which looks under the shard's lock.
 */
export class TenantStanding {
  readonly #pool: Pool;
  readonly #maxAgeMs: number;
  readonly #looks: LRUCache<string, Look>;

  /** `pool` logs in as a role that may read a tenant's own row. */
  constructor(pool: Pool, { maxAgeMs = 1_000, maxTenants = 10_000 }: TenantStandingOptions = {}) {
    this.#pool = pool;
    this.#maxAgeMs = maxAgeMs;
    this.#looks = new LRUCache({ max: maxTenants });
  }

  /**
   * Resolves when the tenant is not suspended, as of `maxAgeMs` ago at most; a tenant that is not there is none of its business. Throws
   * AccessDenied (403 `tenant_suspended`), a TypeError when `tenantId` is not a UUID, and whatever the database raised.
   */
  async assertMayWrite(tenantId: string): Promise<void> {
    const oldest = performance.now() - this.#maxAgeMs;
    const known = this.#looks.get(tenantId);
    if (known && known.began < oldest) await known.suspended.catch(unheard); // one at a time: it may still be under way
    if (await this.#lookSince(oldest, tenantId).suspended) throw tenantSuspended();
  }

  #lookSince(oldest: number, tenantId: string): Look {
    const known = this.#looks.get(tenantId);
    if (known && known.began >= oldest) return known;
    const look = { began: performance.now(), suspended: this.#isSuspended(tenantId) };
    this.#looks.set(tenantId, look);
    look.suspended.catch(() => {
      if (this.#looks.peek(tenantId) === look) this.#looks.delete(tenantId); // a failure is nobody's answer but of those who wait
    });
    return look;
  }

  async #isSuspended(tenantId: string): Promise<boolean> {
    const [row] = await tenantQuery<{ suspended: boolean }>(this.#pool, standingOf, tenantId);
    return row?.suspended ?? false;
  }
}

const unheard = (): undefined => undefined;
