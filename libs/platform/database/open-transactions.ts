import type { Pool, PoolClient } from 'pg';

/**
 * Closes every connection that comes back to `pool` in the middle of a transaction, or of which that is not known: whoever takes it next
 * would work in that transaction, and as its tenant. Postgres rolls back what was open. Those that come back as they should cost nothing.
 */
export const closeOpenTransactions = (pool: Pool, onOpen?: (error: Error) => void): void => {
  pool.on('release', (_: Error, client: PoolClient) => {
    if (client.getTransactionStatus() === 'I') return;
    // The pool looks next whether the connection is ending, and then forgets it. Its promise may only say that it was cut already.
    void endOf(client).catch(() => undefined);
    onOpen?.(new Error('a connection came back to its pool in the middle of a transaction and was closed'));
  });
};

/** A pooled connection can be ended as any other; the types leave that to the pool. */
const endOf = (client: PoolClient): Promise<void> => (client as unknown as { end(): Promise<void> }).end();
