import type { Pool, PoolClient } from 'pg';
import { assertTenantId } from './tenant-id.js';

/** Raised when Postgres rolled back at commit, because `work` went on after a statement had failed. */
export class TransactionAborted extends Error {
  constructor() {
    super('the transaction was rolled back at commit: a statement in it failed and its error was swallowed');
  }
}

/** Raised when `work` uses its client after its transaction has ended: by then it may be in another tenant's. */
export class TransactionEnded extends Error {
  constructor() {
    super('the transaction of this client has ended: wait for every statement before the work resolves');
  }
}

/** A connection for as long as the transaction lasts. */
export type TenantClient = Pick<PoolClient, 'query'>;

/**
 * Runs `work` in one transaction as `tenantId` and gives its result. Commits when `work` resolves, rolls back and rethrows
 * when it rejects. The setting is local to the transaction, so the connection goes back without a tenant; one that cannot
 * be rolled back is destroyed, not reused. The client that `work` gets is of no use afterwards: a statement that nobody waited for
 * throws TransactionEnded. Throws a TypeError when `tenantId` is not a UUID, before a connection is taken.
 */
export const withTenant = async <T>(
  pool: Pool,
  tenantId: string,
  work: (client: TenantClient) => Promise<T>,
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
  work: (client: TenantClient) => Promise<T>,
  onRollbackFailure: (error: Error) => void,
): Promise<T> => {
  let ended = false;
  const lent = {
    query: (...statement: Parameters<typeof client.query>) => {
      if (ended) throw new TransactionEnded();
      // eslint-disable-next-line billing/no-built-sql -- the statement is looked at where it is given
      return client.query(...statement);
    },
  } as unknown as TenantClient;
  try {
    await client.query('begin');
    await client.query({
      name: 'set_tenant',
      text: `select set_config('app.tenant_id', $1, true)`,
      values: [tenantId],
    });
    const result = await work(lent).finally(() => (ended = true));
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
