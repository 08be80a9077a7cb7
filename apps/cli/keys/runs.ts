import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

/** A re-encryption, as its row says. */
export interface Run {
  runId: string;
  state: 'requested' | 'running' | 'done' | 'failed';
  rowsTotal: number;
  rowsDone: number;
  /** Rows that do not open, which stay as they are. */
  rowsBroken: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Nobody goes on with it before then. */
  notBefore: Date;
  /** Why it does not go on for now, or why it failed: a code. */
  lastError: string | null;
}

const columns = `run_id as "runId", state, rows_total::float8 as "rowsTotal", rows_done::float8 as "rowsDone",
  rows_broken::float8 as "rowsBroken", started_at as "startedAt", finished_at as "finishedAt", not_before as "notBefore", last_error as "lastError"`;

/** Asks the gateway for a run. Gives its id. */
export const askForRun = async (
  pool: Pool,
  { tenantId, purpose }: { tenantId: string | undefined; purpose: string | undefined },
): Promise<string> => {
  const runId = randomUUID();
  await pool.query(
    `insert into billing.key_reencryption (run_id, asked_by, only_tenant, only_purpose, not_before, requested_at)
     values ($1, 'operator', $2, $3, now(), now())`,
    [runId, tenantId ?? null, purpose ?? null],
  );
  return runId;
};

/** Takes back what was asked for, as long as no gateway has begun it. Gives whether it could. */
export const withdrawRun = async (pool: Pool, runId: string): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `delete from billing.key_reencryption where run_id = $1 and state = 'requested'`,
    [runId],
  );
  return rowCount === 1;
};

export const findRun = async (pool: Pool, runId: string): Promise<Run | undefined> =>
  (await pool.query<Run>(`select ${columns} from billing.key_reencryption where run_id = $1`, [runId])).rows[0];

/** Another run that is under way, which this one waits for. */
export const otherUnderWay = async (pool: Pool, runId: string): Promise<Run | undefined> => {
  const { rows } = await pool.query<Run>(
    `select ${columns} from billing.key_reencryption where state = 'running' and run_id <> $1 order by requested_at limit 1`,
    [runId],
  );
  return rows[0];
};
