import { tenantQuery, tenantStatement, withTenant } from '#access/tenancy';
import type { Keys, ResealedPurpose, SubjectPurpose } from '#keys';
import { processorTokenPlace } from '#keys';
import type { Pool } from 'pg';

/** Something that a version of a key seals, where it lies. */
export interface SealedRow {
  /** Its place in the order of rows. */
  at: readonly [string, string, number];
  /** As it stands there. */
  sealed: string;
}

/** A row and what is to stand in it. */
export interface ResealedRow extends SealedRow {
  resealed: string;
}

/** Where rows lie that keys of a purpose seal. A row tells by itself which version sealed it. */
export interface SealedTable {
  count(tenantId: string, version: number): Promise<number>;
  /** Rows that `version` seals, behind `after`, in their order. */
  page(tenantId: string, version: number, after: SealedRow | undefined, limit: number): Promise<SealedRow[]>;
  /** The same, sealed under the newest version. Rejects for a row that does not open. */
  reseal(tenantId: string, row: SealedRow): Promise<string>;
  /** Stores rows whose old text still stands there, and only those. Gives how many. */
  replace(tenantId: string, rows: readonly ResealedRow[]): Promise<number>;
}

const first: SealedRow = { at: ['00000000-0000-0000-0000-000000000000', '', 0], sealed: '' };

const countTokens = tenantStatement(
  'keeper_count_tokens',
  `select count(*)::float8 as count from billing.processor_token where tenant_id = t.tenant_id and sealed_by = $2`,
);
const pageOfTokens = tenantStatement(
  'keeper_page_of_tokens',
  `select payment_method_id::text as id, '' as purpose, 0 as version, sealed from billing.processor_token
    where tenant_id = t.tenant_id and sealed_by = $2 and payment_method_id > $3::uuid
    order by payment_method_id limit $4`,
);
const replaceTokens = {
  name: 'keeper_replace_tokens',
  text: `update billing.processor_token p set sealed = n.resealed
    from unnest($2::uuid[], $3::text[], $4::text[]) as n (id, sealed, resealed)
    where p.tenant_id = $1 and p.payment_method_id = n.id and p.sealed = n.sealed`,
};

const countSubjectKeys = tenantStatement(
  'keeper_count_subject_keys',
  `select count(*)::float8 as count from billing.subject_key where tenant_id = t.tenant_id and sealed_by = $2`,
);
const pageOfSubjectKeys = tenantStatement(
  'keeper_page_of_subject_keys',
  `select subject_id::text as id, purpose, version, encode(wrapped, 'escape') as sealed from billing.subject_key
    where tenant_id = t.tenant_id and sealed_by = $2 and (subject_id, purpose, version) > ($3::uuid, $4::text, $5::integer)
    order by subject_id, purpose, version limit $6`,
);
const replaceSubjectKeys = {
  name: 'keeper_replace_subject_keys',
  text: `update billing.subject_key s set wrapped = decode(n.resealed, 'escape')
    from unnest($2::uuid[], $3::text[], $4::integer[], $5::text[], $6::text[]) as n (id, purpose, version, sealed, resealed)
    where s.tenant_id = $1 and s.subject_id = n.id and s.purpose = n.purpose and s.version = n.version
      and s.wrapped = decode(n.sealed, 'escape')`,
};

interface Row {
  id: string;
  purpose: string;
  version: number;
  sealed: string;
}

const rowOf = ({ id, purpose, version, sealed }: Row): SealedRow => ({ at: [id, purpose, version], sealed });

const tokens = (pool: Pool, keys: Keys): SealedTable => ({
  count: async (tenantId, version) =>
    (await tenantQuery<{ count: number }>(pool, countTokens, tenantId, [version]))[0]?.count ?? 0,
  page: async (tenantId, version, { at: [id] } = first, limit) =>
    (await tenantQuery<Row>(pool, pageOfTokens, tenantId, [version, id, limit])).map(rowOf),
  reseal: (tenantId, { at: [id], sealed }) => keys.resealToken(processorTokenPlace(tenantId, id), sealed),
  replace: (tenantId, rows) =>
    withTenant(pool, tenantId, async (client) => {
      const columns = [rows.map(({ at }) => at[0]), rows.map(({ sealed }) => sealed), rows.map((row) => row.resealed)];
      return (await client.query({ ...replaceTokens, values: [tenantId, ...columns] })).rowCount ?? 0;
    }),
});

const subjectKeys = (pool: Pool, keys: Keys): SealedTable => ({
  count: async (tenantId, version) =>
    (await tenantQuery<{ count: number }>(pool, countSubjectKeys, tenantId, [version]))[0]?.count ?? 0,
  page: async (tenantId, version, { at } = first, limit) =>
    (await tenantQuery<Row>(pool, pageOfSubjectKeys, tenantId, [version, ...at, limit])).map(rowOf),
  reseal: async (tenantId, { at: [subjectId, purpose, version], sealed }) => {
    const subject = { tenantId, subjectId, purpose: purpose as SubjectPurpose };
    const key = { version, wrapped: Buffer.from(sealed, 'latin1') };
    return (await keys.rewrapSubjectKey(subject, key)).toString('latin1');
  },
  replace: (tenantId, rows) =>
    withTenant(pool, tenantId, async (client) => {
      const columns = [
        ...[0, 1, 2].map((part) => rows.map(({ at }) => at[part])),
        rows.map(({ sealed }) => sealed),
        rows.map(({ resealed }) => resealed),
      ];
      return (await client.query({ ...replaceSubjectKeys, values: [tenantId, ...columns] })).rowCount ?? 0;
    }),
});

/** What is sealed anew after a rotation, by the purpose of the key that seals it. */
export const sealedTables = (pool: Pool, keys: Keys): Record<ResealedPurpose, SealedTable> => ({
  token: tokens(pool, keys),
  personal: subjectKeys(pool, keys),
});
