import { tenantInsert, tenantQuery, tenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';
import type { Subject, SubjectKeyStore } from '../subject-keys.js';
import type { WrappedKey } from '../stored-data-key.js';

const readKeys = tenantStatement(
  'subject_key_read',
  `select version, wrapped
     from billing.subject_key
    where tenant_id = t.tenant_id and subject_id = $2 and purpose = $3
    order by version`,
);

const insertKey = tenantInsert(
  'subject_key_insert',
  `insert into billing.subject_key (tenant_id, subject_id, purpose, version, wrapped)
   select t.tenant_id, $2, $3, $4, $5 from t
   on conflict do nothing`,
);

/** Wrapped per-subject keys in `billing.subject_key`, under row level security. */
export class PostgresSubjectKeyStore implements SubjectKeyStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  read({ tenantId, subjectId, purpose }: Subject): Promise<WrappedKey[]> {
    return tenantQuery<WrappedKey>(this.#pool, readKeys, tenantId, [subjectId, purpose]);
  }

  async insert({ tenantId, subjectId, purpose }: Subject, version: number, wrapped: Buffer): Promise<void> {
    await tenantQuery(this.#pool, insertKey, tenantId, [subjectId, purpose, version, wrapped]);
  }
}
