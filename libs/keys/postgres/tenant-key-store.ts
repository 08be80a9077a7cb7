import { tenantInsert, tenantQuery, tenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';
import type { WrappedKey } from '../stored-data-key.js';
import type { TenantKeyStore } from '../tenant-keys.js';
import type { KeyPurpose } from '../who-may-decrypt.js';

const readKeys = tenantStatement(
  'tenant_key_read',
  `select version, wrapped
     from billing.tenant_key
    where tenant_id = t.tenant_id and purpose = $2
    order by version`,
);

const insertKey = tenantInsert(
  'tenant_key_insert',
  `insert into billing.tenant_key (tenant_id, purpose, version, wrapped)
   select t.tenant_id, $2, $3, $4 from t
   on conflict do nothing`,
);

/** Wrapped tenant DEKs in `billing.tenant_key`, under row level security. */
export class PostgresTenantKeyStore implements TenantKeyStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  read(tenantId: string, purpose: KeyPurpose): Promise<WrappedKey[]> {
    return tenantQuery<WrappedKey>(this.#pool, readKeys, tenantId, [purpose]);
  }

  async insert(tenantId: string, purpose: KeyPurpose, version: number, wrapped: Buffer): Promise<void> {
    await tenantQuery(this.#pool, insertKey, tenantId, [purpose, version, wrapped]);
  }
}
