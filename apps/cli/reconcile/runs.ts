import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

/** A reconciliation run, as its row says. */
export interface Run {
  runId: string;
  askedBy: 'schedule' | 'operator';
  from: Date;
  to: Date;
  state: 'requested' | 'running' | 'done' | 'failed';
  stepsDone: number;
  stepsTotal: number;
  /** Objects compared, what was put right, and what is left for a person. */
  compared: number;
  repaired: number;
  drift: number;
  /** Why it does not go on for now, or why it failed: a code. */
  lastError: string | null;
  finishedAt: Date | null;
}

/** One thing in which the processor and we did not say the same. */
export interface Finding {
  outcome: 'repaired' | 'drift';
  finding: 'missing_here' | 'missing_there' | 'differs' | 'undelivered' | 'unreadable';
  object: string;
  aspect: string;
  tenantId: string | null;
  objectId: string | null;
  processorId: string;
  ours: string | null;
  theirs: string | null;
  currency: string | null;
}

const columns = `run_id as "runId", asked_by as "askedBy", window_from as "from", window_to as "to", state, steps_done as "stepsDone",
  steps_total as "stepsTotal", compared::float8 as compared, repaired::float8 as repaired, drift::float8 as drift,
  last_error as "lastError", finished_at as "finishedAt"`;

/** Asks the gateway for a run over a window. Gives its id. */
export const askForRun = async (pool: Pool, from: Date, to: Date): Promise<string> => {
  const runId = randomUUID();
  await pool.query(
    `insert into billing.reconciliation_run (run_id, asked_by, window_from, window_to, not_before, requested_at)
     values ($1, 'operator', $2, $3, now(), now())`,
    [runId, from, to],
  );
  return runId;
};

/** Takes back what was asked for, as long as no gateway has begun it. Gives whether it could. */
export const withdrawRun = async (pool: Pool, runId: string): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `delete from billing.reconciliation_run where run_id = $1 and state = 'requested'`,
    [runId],
  );
  return rowCount === 1;
};

export const findRun = async (pool: Pool, runId: string): Promise<Run | undefined> => {
  const { rows } = await pool.query<Run>(`select ${columns} from billing.reconciliation_run where run_id = $1`, [
    runId,
  ]);
  return rows[0];
};

/** Of those that came to their end, the newest. */
export const lastRun = async (pool: Pool): Promise<Run | undefined> => {
  const { rows } = await pool.query<Run>(
    `select ${columns} from billing.reconciliation_run where state in ('done', 'failed') order by finished_at desc limit 1`,
  );
  return rows[0];
};

/** Whether another run is under way, which this one waits for. */
export const isAnotherUnderWay = async (pool: Pool, runId: string): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `select from billing.reconciliation_run where state = 'running' and run_id <> $1`,
    [runId],
  );
  return rowCount === 1;
};

/** What a run has found, drift first, `limit` at most. */
export const findingsOf = async (pool: Pool, runId: string, limit: number): Promise<Finding[]> => {
  const { rows } = await pool.query<Finding>(
    `select outcome, finding, object, aspect, tenant_id as "tenantId", object_id as "objectId", processor_id as "processorId",
       ours, theirs, currency
     from billing.reconciliation_finding where run_id = $1
     order by outcome, object, finding, tenant_id, processor_id, aspect limit $2`,
    [runId, limit],
  );
  return rows;
};
