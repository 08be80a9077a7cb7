import { resealedPurposes, rotatingPlatformPurposes, rotatingPurposes, tenantPurposes } from '#keys';
import type { Pool } from 'pg';

/** How the keys of all tenants stand, of one purpose. */
export interface PurposeStanding {
  purpose: string;
  /** Whether newer versions take the place of older ones; else the first stays for good. */
  rotates: boolean;
  /** Tenants that have such a key. */
  tenants: number;
  /** Of the newest versions, when the oldest was made; null where there is none. */
  oldest: Date | null;
  /** Newest versions that should have been replaced. */
  overdue: number;
  /** Older versions under which something may stand that is sealed anew. */
  versionsLeft: number;
  /** What stands under them, `mostCounted` at most. */
  rowsLeft: number;
}

/** One version of a key of a tenant. */
export interface VersionStanding {
  purpose: string;
  version: number;
  createdAt: Date;
  state: 'newest' | 'superseded' | 'emptied';
  overdue: boolean;
  /** What it seals, `mostCounted` at most; null for keys that only compare. */
  rows: number | null;
}

/** A key of the platform's own. */
export interface PlatformStanding {
  processor: string;
  purpose: string;
  version: number;
  createdAt: Date;
  overdue: boolean;
}

/** The newest re-encryption that was asked for. */
export interface RunStanding {
  runId: string;
  state: string;
  rowsTotal: number;
  rowsDone: number;
  rowsBroken: number;
  lastError: string | null;
  finishedAt: Date | null;
}

/** Whoever reads more than so many rows wants to know no more than that there are many. */
export const mostCounted = 100_000;

const purposesSql = `select p.purpose, p.purpose = any ($2) as rotates, n.tenants, n.oldest, n.overdue, o.left as "versionsLeft",
    case p.purpose when 'token' then t.left when 'personal' then s.left else 0 end as "rowsLeft"
  from unnest($1::text[]) as p (purpose)
  cross join lateral (
    select count(*)::integer as tenants, min(created_at) as oldest,
      (count(*) filter (where created_at < $3 and p.purpose = any ($2)))::integer as overdue
    from billing.tenant_key k where k.purpose = p.purpose and k.superseded_at is null) n
  cross join lateral (
    select count(*)::integer as left from billing.tenant_key k
    where k.purpose = p.purpose and k.superseded_at is not null and k.emptied_at is null and p.purpose = any ($4)) o
  cross join lateral (
    select count(*)::integer as left from (
      select from billing.tenant_key k join billing.processor_token r on r.tenant_id = k.tenant_id and r.sealed_by = k.version
      where p.purpose = 'token' and k.purpose = 'token' and k.superseded_at is not null and k.emptied_at is null limit ${mostCounted}) r) t
  cross join lateral (
    select count(*)::integer as left from (
      select from billing.tenant_key k join billing.subject_key r on r.tenant_id = k.tenant_id and r.sealed_by = k.version
      where p.purpose = 'personal' and k.purpose = 'personal' and k.superseded_at is not null and k.emptied_at is null limit ${mostCounted}) r) s
  order by p.purpose`;

const versionsSql = `select k.purpose, k.version, k.created_at as "createdAt",
    case when k.superseded_at is null then 'newest' when k.emptied_at is null then 'superseded' else 'emptied' end as state,
    k.superseded_at is null and k.created_at < $2 and k.purpose = any ($3) as overdue,
    case k.purpose
      when 'token' then (select count(*)::integer from (
        select from billing.processor_token r where r.tenant_id = k.tenant_id and r.sealed_by = k.version limit ${mostCounted}) r)
      when 'personal' then (select count(*)::integer from (
        select from billing.subject_key r where r.tenant_id = k.tenant_id and r.sealed_by = k.version limit ${mostCounted}) r)
      when 'client_secret' then (select count(*)::integer from (
        select from billing.client_secret r
        where r.tenant_id = k.tenant_id and r.sealed like 'v1.' || k.version || '.%' limit ${mostCounted}) r)
      when 'dead_letter' then (select count(*)::integer from (
        select from billing.command_dead_letter r
        where r.claimed_tenant = k.tenant_id::text and r.sealed_body like 'v1.' || k.version || '.%' limit ${mostCounted}) r)
    end as rows
  from billing.tenant_key k where k.tenant_id = $1 order by k.purpose, k.version desc limit 1000`;

const platformSql = `select distinct on (processor, purpose) processor, purpose, version, created_at as "createdAt",
    created_at < $1 and purpose = any ($2) as overdue
  from billing.platform_key order by processor, purpose, version desc`;

const runSql = `select run_id as "runId", state, rows_total::float8 as "rowsTotal", rows_done::float8 as "rowsDone",
    rows_broken::float8 as "rowsBroken", last_error as "lastError", finished_at as "finishedAt"
  from billing.key_reencryption order by requested_at desc limit 1`;

/** How the keys of all tenants stand, by purpose. What was made before `before` is overdue. */
export const standingOfAll = async (pool: Pool, before: Date): Promise<PurposeStanding[]> =>
  (await pool.query<PurposeStanding>(purposesSql, [tenantPurposes, rotatingPurposes, before, resealedPurposes])).rows;

/** The versions of a tenant's keys, the newest of each purpose first. */
export const standingOf = async (pool: Pool, tenantId: string, before: Date): Promise<VersionStanding[]> =>
  (await pool.query<VersionStanding>(versionsSql, [tenantId, before, rotatingPurposes])).rows;

/** The newest versions of the platform's keys. */
export const standingOfPlatform = async (pool: Pool, before: Date): Promise<PlatformStanding[]> =>
  (await pool.query<PlatformStanding>(platformSql, [before, rotatingPlatformPurposes])).rows;

export const lastRun = async (pool: Pool): Promise<RunStanding | null> =>
  (await pool.query<RunStanding>(runSql)).rows[0] ?? null;

/** When the last rotation of the master key came to its end, and whether one is under way. */
export const masterStanding = async (pool: Pool): Promise<{ rotatedAt: Date | null; underWay: boolean }> => {
  const { rows } = await pool.query<{ rotatedAt: Date | null; underWay: boolean }>(
    `select max(rotated_at) as "rotatedAt", coalesce(bool_or(finished_at is null), false) as "underWay" from billing.master_key_rotation`,
  );
  return rows[0] ?? { rotatedAt: null, underWay: false };
};
