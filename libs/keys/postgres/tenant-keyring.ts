import { tenantInsert, tenantQuery, tenantStatement, withTenant } from '#access/tenancy';
import type { Pool } from 'pg';

import type { TenantKeyVersion, TenantKeyring } from '../rotation/tenant-key-rotation.js';
import type { KeyPurpose } from '../who-may-decrypt.js';

const newestKeys = tenantStatement(
  'tenant_key_newest',
  `select distinct on (purpose) purpose, version, wrapped from billing.tenant_key where tenant_id = t.tenant_id
    order by purpose, version desc`,
);

const addFirst = tenantInsert(
  'tenant_key_add_first',
  `insert into billing.tenant_key (tenant_id, purpose, version, wrapped)
   select t.tenant_id, $2, 1, $3 from t
   on conflict do nothing returning version`,
);

const addNext = {
  name: 'tenant_key_add_next',
  text: `insert into billing.tenant_key (tenant_id, purpose, version, wrapped) values ($1, $2, $3, $4) on conflict do nothing`,
};

const supersede = {
  name: 'tenant_key_supersede',
  text: `update billing.tenant_key set superseded_at = now()
   where tenant_id = $1 and purpose = $2 and version < $3 and superseded_at is null`,
};

/** Adds versions of tenants' keys to `billing.tenant_key`, one tenant at a time. `pool` is the gateway's or acts as the owner. */
export class PostgresTenantKeyring implements TenantKeyring {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  newest(tenantId: string): Promise<{ purpose: KeyPurpose; version: number; wrapped: Buffer }[]> {
    return tenantQuery(this.#pool, newestKeys, tenantId);
  }

  async add({ tenantId, purpose, version }: TenantKeyVersion, wrapped: Buffer): Promise<boolean> {
    if (version === 1) return (await tenantQuery(this.#pool, addFirst, tenantId, [purpose, wrapped])).length === 1;
    return withTenant(this.#pool, tenantId, async (client) => {
      const { rowCount } = await client.query({ ...addNext, values: [tenantId, purpose, version, wrapped] });
      // Its place is taken in the same transaction: of every purpose one version at a time seals.
      if (rowCount === 1) await client.query({ ...supersede, values: [tenantId, purpose, version] });
      return rowCount === 1;
    });
  }
}
