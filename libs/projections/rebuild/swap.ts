import { setTimeout as sleep } from 'node:timers/promises';

import type { Pool, PoolClient } from 'pg';

import { readModelsConsumer } from '../all.js';
import { positionsOf } from '../replay/log.js';
import { inTransaction } from '../replay/transaction.js';
import { relationOf } from '../tables/read-model.js';
import type { Beside } from './beside.js';
import { rebuildConsumer } from './beside.js';
import { catchUp, foldRest } from './catch-up.js';

/** Raised when the live tables could not be locked: a long transaction reads them. The rebuild stays, and can be swapped later. */
export class SwapBlocked extends Error {
  constructor(tries: number) {
    super(
      `the live tables were in use at each of ${tries} tries to swap (a verification or a dump reads them?); the rebuild is kept: run it again`,
    );
    this.name = 'SwapBlocked';
  }
}

const maxTries = 120;
const pauseMs = 1_000;
/** Longer than deadlock_timeout, after which an autovacuum in our way gives in. Readers do not feel these locks. */
const writersLockTimeout = '3s';
/** Readers queue behind this lock for as long as we wait for it. */
const readersLockTimeout = '250ms';

const lockNotAvailable = '55P03';
const deadlockDetected = '40P01';
const isLockRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === lockNotAvailable || error.code === deadlockDetected);

export interface SwapOptions {
  /** A try was given up because others hold the tables; it is tried again. */
  onBlocked?: (tries: number) => void;
}

/**
 * Puts the rebuilds into the place of the live tables, all in one transaction: nobody sees some of them swapped, or a state that
 * lacks an event. The projector waits meanwhile, and then loads again because its checkpoint has another epoch. Readers
 * wait for the renaming alone. Throws SwapBlocked after 120 tries, a second apart.
 */
export const swap = async (
  pools: { owner: Pool; projector: Pool },
  besides: readonly Beside[],
  { onBlocked }: SwapOptions = {},
): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    await catchUp(pools.projector, besides);
    try {
      await inTransaction(pools.owner, (client) => swapIn(client, besides));
      return;
    } catch (error) {
      for (const beside of besides) beside.rolledBack();
      if (!isLockRefused(error)) throw error;
      if (tries >= maxTries) throw new SwapBlocked(tries);
      onBlocked?.(tries);
      await sleep(pauseMs);
    }
  }
};

const swapIn = async (client: PoolClient, besides: readonly Beside[]): Promise<void> => {
  const tables = besides.flatMap(({ model }) => model.tables.map(({ table }) => table));
  const names = besides.map(({ model }) => model.name);
  await client.query(`set local lock_timeout = '${writersLockTimeout}'; set local statement_timeout = 0`);
  await client.query(
    `lock table ${tables.map((table) => relationOf(table, 'beside')).join(', ')} in access exclusive mode`,
  );
  // Tables first, then the checkpoint, as the projector does. From here on nobody writes to them, and everybody still reads.
  await client.query(
    `lock table ${tables.map((table) => relationOf(table, 'live')).join(', ')} in share row exclusive mode`,
  );
  await client.query('update billing.checkpoint set epoch = epoch + 1 where consumer = $1', [readModelsConsumer]);
  await foldRest(client, besides, await positionsOf(client, readModelsConsumer));
  await client.query(`set local lock_timeout = '${readersLockTimeout}'`);
  for (const table of tables) await client.query('select billing.swap_rebuild($1)', [table]);
  await client.query('delete from billing.checkpoint where consumer = any ($1)', [names.map(rebuildConsumer)]);
  await client.query('delete from billing.rebuild_aside where model = any ($1)', [names]);
};
