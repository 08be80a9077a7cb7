import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

import { livesSql } from '../calls/presence.js';
import type { Finding, Place, Run } from './run.js';

interface RunRow {
  run_id: string;
  window_from: Date;
  window_to: Date;
  pass: number;
  step: number;
  within: string | null;
  takes: number;
  stuck: number;
}

/** How far a run has come. */
export interface Progress extends Place {
  stepsDone: number;
  stepsTotal: number;
  /** Objects compared since the last progress was saved. */
  compared: number;
}

/** What became of the last runs, for metrics and for the schedule. */
export interface LastRuns {
  /** Of the last run that came to its end. */
  done?: { windowTo: Date; finishedAt: Date; drift: number };
}

/** Findings kept of one run; beyond, they are only counted. */
const maxFindings = 10_000;
/** How long runs and their findings are kept. */
const keptMs = 90 * 24 * 3_600_000;

const scheduleSql = `insert into billing.reconciliation_run (run_id, asked_by, turn, window_from, window_to, not_before, requested_at)
  select $1, 'schedule', $2, $3, $4, $4, $4
  where not exists (select from billing.reconciliation_run where state in ('requested', 'running'))
  on conflict (turn) do nothing`;

// The one that is under way first. A dead gateway's is taken over at once, a hanging one's when its time is over.
const takeSql = `with due as (
    select run_id from billing.reconciliation_run r
    where r.state in ('requested', 'running') and (r.not_before <= $1 or r.owner is not null and not ${livesSql('r.owner')})
      and (r.state = 'running' or not exists (select from billing.reconciliation_run u where u.state = 'running'))
    order by r.state = 'running' desc, r.requested_at limit 1 for update skip locked)
  update billing.reconciliation_run r
  set state = 'running', owner = $2, not_before = $3, takes = takes + 1, stuck = stuck + 1, started_at = coalesce(started_at, $1)
  from due where r.run_id = due.run_id
  returning r.run_id, r.window_from, r.window_to, r.pass, r.step, r.within, r.takes, r.stuck`;

// `owner` and `takes` fence: whoever was overtaken must not say how far the run is.
const mine = `where run_id = $1 and owner = $2 and takes = $3 and state = 'running'`;

const advanceSql = `update billing.reconciliation_run
  set pass = $4, step = $5, within = $6, steps_done = $7, steps_total = $8, compared = compared + $9, not_before = $10, stuck = 0, last_error = null
  ${mine}`;

const finishSql = `update billing.reconciliation_run
  set state = $4, finished_at = $5, last_error = $6, owner = null, within = null, steps_done = case $4 when 'done' then steps_total else steps_done end
  ${mine}`;

const postponeSql = `update billing.reconciliation_run set owner = null, not_before = $4, last_error = $5 ${mine}`;

// Kept and counted at once: a gateway that dies in between would leave a report that does not add up.
const foundSql = `with room as (select repaired + drift < ${maxFindings} as is_left from billing.reconciliation_run where run_id = $1),
  told as (
    select * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
      $12::text[]) as f (tenant_id, outcome, finding, object, aspect, object_id, processor_id, ours, theirs, currency)),
  kept as (
    insert into billing.reconciliation_finding
      (run_id, tenant_id, outcome, finding, object, aspect, object_id, processor_id, ours, theirs, currency, found_at)
    select $1, f.tenant_id, f.outcome, f.finding, f.object, f.aspect, f.object_id, f.processor_id, f.ours, f.theirs, f.currency, $2
    from told f, room where room.is_left on conflict do nothing returning outcome),
  counted as (
    select count(*) filter (where outcome = 'repaired') as repaired, count(*) filter (where outcome = 'drift') as drift
    from (select outcome from kept union all select told.outcome from told, room where not room.is_left) as each)
  update billing.reconciliation_run r set repaired = r.repaired + c.repaired, drift = r.drift + c.drift
  from counted c where r.run_id = $1 and c.repaired + c.drift > 0`;

const lastSql = `select window_to, finished_at, drift from billing.reconciliation_run
  where state = 'done' order by finished_at desc limit 1`;

const purgeSql = `delete from billing.reconciliation_run where run_id in (
  select run_id from billing.reconciliation_run where state in ('done', 'failed') and finished_at < $1 limit 10)`;

/** Raised when another gateway has the run: this one leaves it at once. */
export class RunLost extends Error {
  constructor() {
    super("the reconciliation run is another gateway's now");
  }
}

/** The table of reconciliation runs, as one gateway sees it. */
export class RunStore {
  readonly #pool: Pool;
  readonly #owner: number;

  /** `owner`: the number by which Presence shows this gateway alive. */
  constructor(pool: Pool, owner: number) {
    this.#pool = pool;
    this.#owner = owner;
  }

  /** Asks for the run of a turn of the schedule, once, and only while no run is wanted or under way. Gives whether it did. */
  async schedule(turn: Date, window: { from: Date; to: Date }): Promise<boolean> {
    const { rowCount } = await this.#pool.query(scheduleSql, [randomUUID(), turn, window.from, window.to]);
    return rowCount === 1;
  }

  /** Takes the run that is due, if any, until `until`. Two gateways never have one at the same time. */
  async take(now: Date, until: Date): Promise<Run | undefined> {
    try {
      // eslint-disable-next-line billing/no-built-sql -- livesSql is given a column of ours
      const { rows } = await this.#pool.query<RunRow>(takeSql, [now, this.#owner, until]);
      return rows[0] && runOf(rows[0]);
    } catch (error) {
      // Another gateway has begun another run in the same moment: one is under way at a time.
      if ((error as { code?: string }).code === '23505') return undefined;
      throw error;
    }
  }

  /** Saves how far it is, which also keeps it until `until`. Throws RunLost. */
  async advance(
    run: Run,
    { pass, step, within, stepsDone, stepsTotal, compared }: Progress,
    until: Date,
  ): Promise<void> {
    const place = [pass, step, within ?? null, stepsDone, stepsTotal, compared, until];
    await this.#mine(advanceSql, run, place);
  }

  /** Throws RunLost. */
  async finish(run: Run, state: 'done' | 'failed', now: Date, error?: string): Promise<void> {
    await this.#mine(finishSql, run, [state, now, error ?? null]);
  }

  /** Puts the run back, to be gone on with from `notBefore` on. Throws RunLost. */
  async postpone(run: Run, notBefore: Date, error: string): Promise<void> {
    await this.#mine(postponeSql, run, [notBefore, error]);
  }

  /** Keeps findings, each once, and counts them. */
  async found({ runId }: Run, findings: readonly Finding[], now: Date): Promise<void> {
    if (findings.length === 0) return;
    const text = (value: string | number | undefined, length: number) =>
      value === undefined ? null : String(value).slice(0, length);
    await this.#pool.query(foundSql, [
      runId,
      now,
      findings.map(({ tenantId }) => tenantId ?? null),
      findings.map(({ outcome }) => outcome),
      findings.map(({ finding }) => finding),
      findings.map(({ object }) => object),
      findings.map(({ aspect }) => aspect),
      findings.map(({ objectId }) => text(objectId, 100)),
      findings.map(({ processorId }) => text(processorId, 300)),
      findings.map(({ ours }) => text(ours, 200)),
      findings.map(({ theirs }) => text(theirs, 200)),
      findings.map(({ currency }) => text(currency, 10)),
    ]);
  }

  async last(): Promise<LastRuns> {
    const { rows } = await this.#pool.query<{ window_to: Date; finished_at: Date; drift: string }>(lastSql);
    const done = rows[0];
    if (!done) return {};
    return { done: { windowTo: done.window_to, finishedAt: done.finished_at, drift: Number(done.drift) } };
  }

  /** Removes what is older than 90 days, ten runs at most. */
  async purge(now: Date): Promise<void> {
    await this.#pool.query(purgeSql, [new Date(now.getTime() - keptMs)]);
  }

  async #mine(sql: string, { runId, takes }: Run, values: readonly unknown[]): Promise<void> {
    // eslint-disable-next-line billing/no-built-sql -- one of the constants above
    const { rowCount } = await this.#pool.query(sql, [runId, this.#owner, takes, ...values]);
    if (rowCount !== 1) throw new RunLost();
  }
}

const runOf = (row: RunRow): Run => ({
  runId: row.run_id,
  window: { from: row.window_from, to: row.window_to },
  place: { pass: row.pass, step: row.step, within: row.within ?? undefined },
  takes: row.takes,
  stuck: row.stuck,
});
