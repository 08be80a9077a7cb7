import type { Pool, PoolClient } from 'pg';

import { DatabaseAway } from './failures.js';

/** Runs `work` in a transaction and gives what it gave once that has committed. Throws DatabaseAway when the connection was lost. */
export const inTransaction = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  const client = await connect(pool, onError).catch((error: unknown) => {
    throw new DatabaseAway(error);
  });
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(onError);
    throw broken ? new DatabaseAway(error) : error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
};

/**
 * A connection that reports its loss to `onError` from the moment on at which it is ours: Postgres may say farewell in the same
 * packet that hands it over, before a promise gets to run, and an error nobody listens to would end the process.
 */
const connect = (pool: Pool, onError: (error: Error) => void): Promise<PoolClient> =>
  new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (!client) {
        reject(error ?? new Error('the pool gave no connection'));
        return;
      }
      client.on('error', onError);
      resolve(client);
    });
  });
