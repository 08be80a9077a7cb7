import type { Pool } from 'pg';

/** Tells this lock from those of other work. */
const lockClass = 7_210;
const keeperLock = 1;

/**
 * Runs `work` while this gateway holds the keeper's lock: of all gateways one looks after the keys at a time. Gives whether it had the lock.
 * Postgres gives it back the moment the process dies. `signal` aborts where the session that holds it is lost: by then another may have it.
 */
export const withKeeperLock = async (pool: Pool, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
  const session = await pool.connect();
  const lost = new AbortController();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
    lost.abort(error);
  };
  session.on('error', onError);
  try {
    const { rows } = await session.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', [
      lockClass,
      keeperLock,
    ]);
    if (!rows[0]?.held) return false;
    try {
      await work(lost.signal);
    } finally {
      if (!lost.signal.aborted) await session.query('select pg_advisory_unlock($1, $2)', [lockClass, keeperLock]);
    }
    return true;
  } catch (error) {
    // A lock that may still be held must not go back into the pool with its session.
    broken ??= error as Error;
    throw error;
  } finally {
    session.off('error', onError);
    session.release(broken);
  }
};
