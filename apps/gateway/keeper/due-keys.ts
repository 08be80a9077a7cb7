import type { RotatingPlatformPurpose, RotatingPurpose, TenantKeyVersion } from '#keys';
import { rotatingPlatformPurposes, rotatingPurposes, tenantPurposes } from '#keys';
import { platformTenantId } from '#access/tenancy';
import type { Pool } from 'pg';

/** How the newest keys of all tenants are, by purpose. */
export interface KeyAges {
  purpose: RotatingPurpose | RotatingPlatformPurpose;
  /** Of the oldest of them, in days; 0 where there is none. */
  oldestDays: number;
  /** How many were made before they should have been. */
  overdue: number;
}

export type DueKey = TenantKeyVersion & { purpose: RotatingPurpose };

// As text, which loses nothing of it.
const cutoffSql = `select (now() - make_interval(days => $1))::text as cutoff`;

// From the oldest on: an index scan that ends at the limit.
const dueSql = `select tenant_id as "tenantId", purpose, version, created_at::text as "madeAt" from billing.tenant_key
  where superseded_at is null and purpose = $1 and created_at < $2::timestamptz and (created_at, tenant_id) > ($3::timestamptz, $4::uuid)
  order by created_at, tenant_id limit $5`;

// No more are counted than anybody wants to read.
const agesSql = `select p.purpose, coalesce(extract(epoch from now() - o.oldest) / 86400, 0)::float8 as "oldestDays", d.overdue
  from unnest($1::text[]) as p (purpose)
  cross join lateral (
    select min(created_at) as oldest from billing.tenant_key where superseded_at is null and purpose = p.purpose) o
  cross join lateral (
    select count(*)::integer as overdue from (
      select from billing.tenant_key
      where superseded_at is null and purpose = p.purpose and created_at < now() - make_interval(days => $2) limit 100000) due) d
  union all
  select p.purpose, coalesce(extract(epoch from now() - min(n.created_at)) / 86400, 0)::float8,
    (count(*) filter (where n.created_at < now() - make_interval(days => $2)))::integer
  from unnest($3::text[]) as p (purpose)
  left join lateral (
    select distinct on (processor) created_at from billing.platform_key where purpose = p.purpose order by processor, version desc) n on true
  group by p.purpose`;

const withoutKeysSql = `select id from billing.tenant t
  where id <> $1 and id > $5 and (select count(distinct purpose) from billing.tenant_key k where k.tenant_id = t.id and k.purpose = any ($2)) < $3
  order by id limit $4`;

const nowhere = { madeAt: '-infinity', tenantId: '00000000-0000-0000-0000-000000000000' };

/**
 * Which keys are wanted: of tenants that have none yet, and newer ones for those that are old. Over all tenants, as the gateway sees them,
 * and by the database's clock, which also says when a key was made: a process whose own clock is wrong replaces nothing that is new.
 */
export class DueKeys {
  readonly #pool: Pool;
  readonly #pageSize: number;

  constructor(pool: Pool, pageSize = 500) {
    this.#pool = pool;
    this.#pageSize = pageSize;
  }

  /** The newest versions that are older than `lifeDays` by now, each once: of a purpose the oldest first. */
  async *due(lifeDays: number): AsyncGenerator<DueKey> {
    const { rows: at } = await this.#pool.query<{ cutoff: string }>(cutoffSql, [lifeDays]);
    for (const purpose of rotatingPurposes) {
      let after: { madeAt: string; tenantId: string } | undefined = nowhere;
      while (after) {
        const values: unknown[] = [purpose, at[0]?.cutoff, after.madeAt, after.tenantId, this.#pageSize];
        const { rows }: { rows: (DueKey & { madeAt: string })[] } = await this.#pool.query(dueSql, values);
        yield* rows;
        after = rows.length === this.#pageSize ? rows.at(-1) : undefined;
      }
    }
  }

  /** Also of the platform's own keys, which the gateway does not replace. */
  async ages(lifeDays: number): Promise<KeyAges[]> {
    const values = [rotatingPurposes, lifeDays, rotatingPlatformPurposes];
    return (await this.#pool.query<KeyAges>({ name: 'keeper_ages', text: agesSql, values })).rows;
  }

  /** Tenants that lack a key of some purpose, each once. */
  async *withoutKeys(): AsyncGenerator<string> {
    let after: string | undefined = nowhere.tenantId;
    while (after !== undefined) {
      const values: unknown[] = [platformTenantId, tenantPurposes, tenantPurposes.length, this.#pageSize, after];
      const { rows }: { rows: { id: string }[] } = await this.#pool.query(withoutKeysSql, values);
      for (const { id } of rows) yield id;
      after = rows.length === this.#pageSize ? rows.at(-1)?.id : undefined;
    }
  }
}
