import type { Pool, PoolClient } from 'pg';

import { readModelsConsumer, readModelsNamed } from '../all.js';
import type { Progress } from '../replay/log.js';
import { eventsBetween, positionsOf } from '../replay/log.js';
import { inTransaction } from '../replay/transaction.js';
import type { ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';
import type { Comparison } from '../verify/compare.js';
import { compareWithLive } from '../verify/compare.js';
import { Beside, rebuildConsumer } from './beside.js';
import { catchUp, foldRest } from './catch-up.js';
import type { SwapOptions } from './swap.js';
import { swap } from './swap.js';

/** Raised when somebody else rebuilds the read model already. */
export class RebuildRunning extends Error {
  constructor(model: string) {
    super(`${model} is being rebuilt by another process`);
    this.name = 'RebuildRunning';
  }
}

/** Raised for a leftover rebuild that cannot be gone on with. */
export class RebuildOutdated extends Error {
  constructor(model: string, reason: string) {
    super(`the rebuild of ${model} that was left unfinished ${reason}: drop it with billing rebuild ${model} --abort`);
    this.name = 'RebuildOutdated';
  }
}

/** What a rebuild does, in this order. */
export type Step = 'folding' | 'indexing' | 'comparing' | 'swapping' | 'done';

export interface RebuildOptions extends SwapOptions {
  /** The read models to rebuild, all of them by default: swapped together. */
  names?: readonly string[];
  /** False: everything but the swap. What was built stays, for a later call to swap or `abortRebuild` to drop. */
  swap?: boolean;
  onProgress?: (progress: Progress) => void;
  onStep?: (step: Step) => void;
  /** What an earlier, unfinished rebuild had folded is kept, and was folded by the release that ran then. */
  onResumed?: (model: string, events: number) => void;
}

/** Connections of two roles, whose logins may act as them. */
export interface RebuildPools {
  /** billing_owner, who alone makes and drops tables; three connections and no statement timeout. */
  owner: Pool;
  /** billing_projector, who folds; at least two connections more than models are rebuilt, and no statement timeout. */
  projector: Pool;
}

/** While the live consumer digests as fast as we do, this is how often we run after it. */
const maxRounds = 20;
/** Events that are left for the last transaction. */
const nearEnough = 2_000;

/**
 * Rebuilds read models from the log beside the live ones, compares both at the same positions, and swaps them, while readers read
 * and the projector projects. A rebuild that was killed goes on where it was. What is given says how the live rows differed
 * from the log before the swap. Throws RebuildRunning, RebuildOutdated, RebuildFailed, SwapBlocked,
 * UnknownReadModel.
 */
export const rebuildReadModels = async (pools: RebuildPools, options: RebuildOptions = {}): Promise<Comparison[]> => {
  const models = readModelsNamed(options.names);
  const { onStep = () => undefined } = options;
  return alone(pools.owner, models, async (owner) => {
    for (const model of models) await prepare(owner, model, options);
    const besides = await Promise.all(models.map(({ name }) => Beside.open(pools.projector, name)));
    onStep('folding');
    await keepUp(pools.projector, besides, options);
    onStep('indexing');
    for (const { table } of models.flatMap(({ tables }) => tables)) {
      await owner.query('select billing.copy_indexes_to_rebuild($1, false)', [table]);
      await owner.query(`analyze ${relationOf(table, 'beside')}`);
    }
    await keepUp(pools.projector, besides, options);
    onStep('comparing');
    const compared = await compare(pools.projector, besides);
    if (options.swap ?? true) {
      await keepUp(pools.projector, besides, options);
      onStep('swapping');
      await swap(pools, besides, options);
    }
    onStep('done');
    return compared;
  });
};

/** Drops what unfinished rebuilds have left; gives the names of those there were. Throws RebuildRunning. */
export const abortRebuild = async (owner: Pool, names?: readonly string[]): Promise<string[]> => {
  const models = readModelsNamed(names);
  return alone(owner, models, async (client) => {
    const dropped: string[] = [];
    for (const { name, tables } of models) {
      if (!(await isBegun(client, name))) continue;
      await client.query('begin');
      for (const { table } of tables) await client.query(`drop table if exists ${relationOf(table, 'beside')}`);
      await client.query('delete from billing.rebuild_aside where model = $1', [name]);
      await client.query('delete from billing.checkpoint where consumer = $1', [rebuildConsumer(name)]);
      await client.query('commit');
      dropped.push(name);
    }
    return dropped;
  });
};

/**
 * Runs `work` on a connection of `pool` while nobody folds the books anew: what is taken out of the log meanwhile, a rebuild would neither find nor
 * have begun with. Throws RebuildRunning, and RebuildOutdated where one was left unfinished.
 */
export const withoutRebuildOfBooks = <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const models = readModelsNamed(['balances']);
  return alone(pool, models, async (client) => {
    for (const { name } of models)
      if (await isBegun(client, name)) throw new RebuildOutdated(name, 'would miss what is removed');
    return work(client);
  });
};

/** Runs `work` while holding the lock of each model, on the connection that holds them. Throws RebuildRunning. */
const alone = async <T>(
  owner: Pool,
  models: readonly ReadModel[],
  work: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await owner.connect();
  client.on('error', ignore); // a connection that dies between two statements would end the process; the next statement throws
  let broken = true;
  try {
    for (const { name } of models) {
      const { rows } = await client.query<{ locked: boolean }>(
        `select pg_try_advisory_lock(hashtext('billing rebuild'), hashtext($1)) as locked`,
        [name],
      );
      if (!rows[0]?.locked) throw new RebuildRunning(name);
    }
    return await work(client);
  } finally {
    // A connection that cannot give the locks back is ended, which does.
    await client
      .query('rollback; select pg_advisory_unlock_all()')
      .then(() => (broken = false))
      .catch(ignore);
    client.off('error', ignore);
    client.release(broken);
  }
};

const ignore = (): void => undefined;

const isBegun = async (client: PoolClient, name: string): Promise<boolean> =>
  (await client.query('select from billing.checkpoint where consumer = $1 limit 1', [rebuildConsumer(name)]))
    .rowCount === 1;

/** Makes the tables and the checkpoint, unless an earlier rebuild has left them. */
const prepare = async (
  owner: PoolClient,
  { name, tables }: ReadModel,
  { onResumed }: RebuildOptions,
): Promise<void> => {
  if (await isBegun(owner, name)) {
    const positions = await positionsOf(owner, rebuildConsumer(name));
    for (const { table } of tables) {
      if (await hasOtherColumns(owner, table)) throw new RebuildOutdated(name, 'has other columns than the live one');
    }
    const live = await positionsOf(owner, readModelsConsumer);
    if (eventsBetween(live, positions) > 0) throw new RebuildOutdated(name, 'is ahead of the live one');
    onResumed?.(
      name,
      [...positions.values()].reduce((sum, position) => sum + position, 0),
    );
    return;
  }
  await owner.query('begin');
  for (const { table } of tables) await owner.query('select billing.create_rebuild($1)', [table]);
  for (const model of readModelsNamed([name], 'beside')) await model.begin?.(owner);
  await owner.query('insert into billing.checkpoint (consumer, shard) select $1, generate_series(0, 15)', [
    rebuildConsumer(name),
  ]);
  await owner.query('commit');
};

/** Whether a migration has changed the live table since its rebuild was begun. */
const hasOtherColumns = async (owner: PoolClient, table: string): Promise<boolean> => {
  const columns = `select attname, atttypid, attnotnull from pg_attribute where attnum > 0 and not attisdropped and attrelid =`;
  const live = `'${relationOf(table, 'live')}'::regclass`;
  const beside = `'${relationOf(table, 'beside')}'::regclass`;
  const { rowCount } = await owner.query(
    `(${columns} ${live} except ${columns} ${beside}) union all (${columns} ${beside} except ${columns} ${live})`,
  );
  return rowCount !== 0;
};

/** Catches up until little is left, or as often as makes sense. */
const keepUp = async (pool: Pool, besides: readonly Beside[], { onProgress }: RebuildOptions): Promise<void> => {
  for (let round = 0; round < maxRounds; round += 1) {
    if ((await catchUp(pool, besides, onProgress)) < nearEnough) return;
  }
};

/** Folds up to where the live ones are in one snapshot, and compares in it: nobody waits meanwhile. */
const compare = async (pool: Pool, besides: readonly Beside[]): Promise<Comparison[]> => {
  try {
    const compared = await inTransaction(
      pool,
      async (client) => {
        await foldRest(client, besides, await positionsOf(client, readModelsConsumer));
        const comparisons: Comparison[] = [];
        for (const { model } of besides) comparisons.push(await compareWithLive(client, model, 'beside'));
        return comparisons;
      },
      'begin isolation level repeatable read',
    );
    for (const beside of besides) beside.committed();
    return compared;
  } catch (error) {
    for (const beside of besides) beside.rolledBack();
    throw error;
  }
};
