import { randomUUID } from 'node:crypto';

import { withTenant } from '#access/tenancy';
import { resealedPurposes } from '#keys';
import type { ResealedPurpose } from '#keys';
import type { Pool } from 'pg';

/** A version of a key that a newer one has taken the place of. */
export interface OldVersion {
  tenantId: string;
  purpose: ResealedPurpose;
  version: number;
}

/** A re-encryption under way. */
export interface ReencryptionRun {
  runId: string;
  askedBy: 'schedule' | 'operator';
  onlyTenant: string | null;
  onlyPurpose: ResealedPurpose | null;
  /** The version that it has done last; null where it has yet to begin. */
  doneTenant: string | null;
  donePurpose: ResealedPurpose | null;
  doneVersion: number | null;
  begun: boolean;
  total: number;
  done: number;
  broken: number;
  stuck: number;
}

// The one that is under way first.
const nextSql = `update billing.key_reencryption set state = 'running' where run_id = (
    select run_id from billing.key_reencryption where state in ('requested', 'running') and not_before <= now()
    order by state = 'running' desc, requested_at limit 1)
  returning run_id as "runId", asked_by as "askedBy", only_tenant as "onlyTenant", only_purpose as "onlyPurpose", done_tenant as "doneTenant",
    done_purpose as "donePurpose", done_version as "doneVersion", started_at is not null as begun, rows_total::float8 as total,
    rows_done::float8 as done, rows_broken::float8 as broken, stuck`;

const isDueSql = `select from billing.key_reencryption where state in ('requested', 'running') and not_before <= now() limit 1`;

// An operator's run looks at every old version there is, that of the schedule at those under which something may be left.
const versionsSql = `select tenant_id as "tenantId", purpose, version from billing.tenant_key
  where superseded_at is not null and purpose = any ($1) and ($2 or emptied_at is null) and ($3::uuid is null or tenant_id = $3)
    and ($4::uuid is null or (tenant_id, purpose, version) > ($4::uuid, $5::text, $6::integer))
  order by tenant_id, purpose, version limit $7`;

const leftSql = `select coalesce(sum(rows_total - rows_done - rows_broken), 0)::float8 as left
  from billing.key_reencryption where state in ('requested', 'running')`;

const saveSql = `update billing.key_reencryption
  set started_at = coalesce(started_at, now()), rows_total = greatest($2::bigint, $3::bigint + $4::bigint), rows_done = $3, rows_broken = $4,
    done_tenant = $5, done_purpose = $6, done_version = $7, stuck = 0, last_error = null
  where run_id = $1`;

const finishSql = `update billing.key_reencryption
  set state = $2, finished_at = now(), last_error = $3, rows_total = case $2 when 'done' then rows_done + rows_broken else rows_total end
  where run_id = $1`;

const postponeSql = `update billing.key_reencryption set not_before = now() + make_interval(secs => $2), last_error = $3, stuck = stuck + $4 where run_id = $1`;

const scheduleSql = `insert into billing.key_reencryption (run_id, asked_by, not_before, requested_at)
  select $1, 'schedule', now(), now()
  where exists (
    select from billing.tenant_key
    where superseded_at is not null and emptied_at is null and superseded_at <= now() - make_interval(secs => $2) and purpose = any ($3))
  and not exists (select from billing.key_reencryption where state in ('requested', 'running'))`;

const emptySql = `update billing.tenant_key set emptied_at = now()
  where tenant_id = $1 and purpose = $2 and version = $3 and superseded_at <= now() - make_interval(secs => $4)`;

const purgeSql = `delete from billing.key_reencryption where run_id in (
  select run_id from billing.key_reencryption where state in ('done', 'failed') and finished_at < now() - interval '90 days' limit 10)`;

/**
 * The runs that were asked for, and the versions that they go through. Whoever writes holds the keeper's lock. All times are the database's,
 * as are those of the keys.
 */
export class ReencryptionRuns {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Asks for a run where something may stand under versions that were superseded `settleMs` ago or earlier, and none is wanted. */
  async schedule(settleMs: number): Promise<void> {
    await this.#pool.query(scheduleSql, [randomUUID(), settleMs / 1_000, resealedPurposes]);
  }

  async isDue(): Promise<boolean> {
    return (await this.#pool.query({ name: 'keeper_run_is_due', text: isDueSql })).rowCount === 1;
  }

  /** Rows that are still to be sealed anew, of the runs that are wanted. */
  async rowsLeft(): Promise<number> {
    return (await this.#pool.query<{ left: number }>({ name: 'keeper_rows_left', text: leftSql })).rows[0]?.left ?? 0;
  }

  /** The run to go on with, or to begin. */
  async next(): Promise<ReencryptionRun | undefined> {
    return (await this.#pool.query<ReencryptionRun>(nextSql)).rows[0];
  }

  /** The versions of a run behind `after`, in their order. */
  async versions(run: ReencryptionRun, after: OldVersion | undefined, limit: number): Promise<OldVersion[]> {
    const purposes = run.onlyPurpose === null ? resealedPurposes : [run.onlyPurpose];
    const place = [after?.tenantId ?? null, after?.purpose ?? null, after?.version ?? null];
    const values = [purposes, run.askedBy === 'operator', run.onlyTenant, ...place, limit];
    return (await this.#pool.query<OldVersion>(versionsSql, values)).rows;
  }

  /** Stores how far a run is. */
  async save(run: ReencryptionRun): Promise<void> {
    const { runId, total, done, broken, doneTenant, donePurpose, doneVersion } = run;
    await this.#pool.query(saveSql, [runId, total, done, broken, doneTenant, donePurpose, doneVersion]);
  }

  async finish({ runId }: ReencryptionRun, state: 'done' | 'failed', error?: string): Promise<void> {
    await this.#pool.query(finishSql, [runId, state, error ?? null]);
    await this.#pool.query(purgeSql);
  }

  /** Puts a run back, to be gone on with in `delayMs`. */
  async postpone({ runId }: ReencryptionRun, delayMs: number, error: string, stuck: 0 | 1): Promise<void> {
    await this.#pool.query(postponeSql, [runId, delayMs / 1_000, error, stuck]);
  }

  /** Nothing stands under a version any more; noted where it was superseded `settleMs` ago, so that nobody seals under it either. */
  async markEmptied({ tenantId, purpose, version }: OldVersion, settleMs: number): Promise<void> {
    await withTenant(this.#pool, tenantId, (client) =>
      client.query({ name: 'keeper_emptied', text: emptySql, values: [tenantId, purpose, version, settleMs / 1_000] }),
    );
  }
}
