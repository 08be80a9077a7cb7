import pg from 'pg';

import { databaseConnection } from './connection.js';
import { closeOpenTransactions } from './open-transactions.js';

export { databaseConnection } from './connection.js';
export { deleteInBatches } from './delete-in-batches.js';
export { MicroBatch } from './micro-batch.js';

export interface PoolOptions {
  url: string;
  /** Shows in pg_stat_activity. */
  app: string;
  /** Connections at most. */
  max: number;
  /** How long a statement may take before Postgres cancels it. */
  statementTimeoutMs?: number;
  /**
   * How long a transaction may be open while nothing is asked of it, before Postgres ends the connection and lets go what it held: the process stands
   * still, or the machine sleeps. Time in a statement does not count.
   */
  idleInTransactionTimeoutMs?: number;
  onError?: (error: Error) => void;
}

/** A pool of one login role, over TLS as `databaseConnection` says. A lost idle connection is reported, never thrown: the next query opens another. */
export const openPool = ({
  url,
  app,
  max,
  statementTimeoutMs = 30_000,
  idleInTransactionTimeoutMs = 10_000,
  onError,
}: PoolOptions): pg.Pool => {
  const pool = new pg.Pool({
    ...databaseConnection(url),
    application_name: `billing ${app}`,
    max,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  pool.on('error', (error) => onError?.(error));
  // Postgres may end a connection in the packet that opens it, before whoever asked for it can listen; the next statement says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  closeOpenTransactions(pool, onError);
  return pool;
};
