import type { Pool, PoolClient } from 'pg';
import { assertTenantId } from './tenant-id.js';

/** Raised when Postgres rolled back at commit, because `work` went on after a statement had failed. */
export class TransactionAborted extends Error {
  constructor() {
    super('the transaction was rolled back at commit: a statement in it failed and its error was swallowed');
  }
}

/**
 * Runs `work` in one transaction as `tenantId` and gives its result. Commits when `work` resolves, rolls back and rethrows
 * when it rejects. The setting is local to the transaction, so the connection goes back without a tenant; one that cannot
 * be rolled back is destroyed, not reused. Throws a TypeError when `tenantId` is not a UUID, before a connection is taken.
 */
export const withTenant = async <T>(
  pool: Pool,
  tenantId: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  assertTenantId(tenantId);
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  // Without a listener a connection that dies between two statements would end the process.
  client.on('error', onError);
  try {
    return await runTransaction(client, tenantId, work, onError);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
};

const runTransaction = async <T>(
  client: PoolClient,
  tenantId: string,
  work: (client: PoolClient) => Promise<T>,
  onRollbackFailure: (error: Error) => void,
): Promise<T> => {
  try {
    await client.query('begin');
    await client.query({
      name: 'set_tenant',
      text: `select set_config('app.tenant_id', $1, true)`,
      values: [tenantId],
    });
    const result = await work(client);
    const { command } = await client.query('commit');
    // On an aborted transaction Postgres answers COMMIT with ROLLBACK and no error.
    if (command !== 'COMMIT') throw new TransactionAborted();
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (rollbackError) {
      onRollbackFailure(rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError)));
    }
    throw error;
  }
};
