import { createHash } from 'node:crypto';

import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

export const shardCount = 16;

/** Every shard, 0 to 15. */
export const allShards: readonly number[] = Array.from({ length: shardCount }, (_, shard) => shard);

/**
 * The shard a new tenant gets: first four bytes of SHA-256 of the id's 16 bytes, big-endian, mod 16. Stored at the tenant's
 * creation and fixed for life, so read it from `TenantShards` afterwards: a large tenant may have been given one of its own.
 */
export const shardForNewTenant = (tenantId: string): number =>
  createHash('sha256')
    .update(Buffer.from(tenantId.replaceAll('-', ''), 'hex'))
    .digest()
    .readUInt32BE(0) % shardCount;

/** Raised for a tenant id that is in no `tenant` row. */
export class UnknownTenant extends Error {
  constructor(readonly tenantId: string) {
    super(`tenant ${tenantId} does not exist`);
  }
}

/** Looks up which shard a tenant lives in. The answer never changes, so it is kept for the most recent 10,000 tenants. */
export class TenantShards {
  readonly #known = new LRUCache<string, number>({ max: 10_000 });

  constructor(readonly pool: Pool) {}

  /** The shard, 0 to 15. Throws UnknownTenant. */
  async of(tenantId: string): Promise<number> {
    const known = this.#known.get(tenantId);
    if (known !== undefined) return known;
    const { rows } = await this.pool.query<{ shard: number }>({
      name: 'tenant_shard',
      text: `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as tenant_id)
        select tenant.shard from t cross join lateral (select shard from billing.tenant where id = t.tenant_id offset 0) tenant`,
      values: [tenantId],
    });
    const shard = rows[0]?.shard;
    if (shard === undefined) throw new UnknownTenant(tenantId);
    this.#known.set(tenantId, shard);
    return shard;
  }
}
