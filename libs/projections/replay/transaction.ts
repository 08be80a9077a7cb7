import type { Pool, PoolClient } from 'pg';

/** How a transaction begins: as of now at each statement, or with one snapshot for all of it. */
export type Begin = 'begin' | 'begin isolation level repeatable read';

/** Runs `work` in a transaction of a connection of `pool`: committed when it resolves, rolled back when it throws. */
export const inTransaction = async <T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  begin: Begin = 'begin',
): Promise<T> => {
  const client = await pool.connect();
  client.on('error', ignore); // of a connection that dies between two statements; the next statement throws
  let broken = true;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    broken = false;
    return result;
  } catch (error) {
    await client.query('rollback').then(
      () => (broken = false),
      ignore, // a connection that cannot even roll back is not used again
    );
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
};

const ignore = (): void => undefined;
