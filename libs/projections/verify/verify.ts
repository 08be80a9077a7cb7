import type { ClientBase, Pool } from 'pg';

import { applyInLockstep, readModelsConsumer, readModelsNamed } from '../all.js';
import type { Positions, Progress } from '../replay/log.js';
import { deadLettersIn, eventsBetween, positionsOf, projectedFrom, stretches } from '../replay/log.js';
import { inTransaction } from '../replay/transaction.js';
import type { ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';
import type { Comparison } from './compare.js';
import { compareWithLive } from './compare.js';
import { digestOf } from './digest.js';

export interface VerifyOptions {
  /** The read models to verify; all of them by default. */
  names?: readonly string[];
  onProgress?: (progress: Progress) => void;
}

/** How a live read model compares with one that was just folded from the log. */
export interface VerifiedModel extends Comparison {
  /** SHA-256 over its live rows, in hexadecimal: the same for the same log, however it was delivered. */
  digest: string;
  /** Up to which position of each shard that has any both were folded. */
  positions: Record<number, number>;
}

const nowhere: Positions = new Map();

/**
 * Folds the whole log into temporary tables, up to the checkpoint of the live read models, and compares row by row. Everything
 * is read in one snapshot, so the projector may go on meanwhile; a rebuild waits with its swap. Events that the projector set
 * aside as dead letters are left out here too. Memory is bounded by a batch. `pool` acts as the projector. Throws where an
 * event cannot be folded, and UnknownReadModel for a name that is none.
 */
export const verifyReadModels = async (
  pool: Pool,
  { names, onProgress }: VerifyOptions = {},
): Promise<VerifiedModel[]> => {
  const models = readModelsNamed(names, 'temporary');
  return inTransaction(
    pool,
    async (client) => {
      await makeTables(client, models);
      for (const model of models) await model.begin?.(client);
      const positions = await positionsOf(client, readModelsConsumer);
      await foldUpTo(client, models, positions, onProgress);
      const verified: VerifiedModel[] = [];
      for (const model of models) {
        const comparison = await compareWithLive(client, model, 'temporary');
        verified.push({
          ...comparison,
          digest: await digestOf(client, model),
          positions: Object.fromEntries(positions),
        });
      }
      return verified;
    },
    'begin isolation level repeatable read',
  );
};

/** The temporary tables, which go with the transaction. */
const makeTables = async (client: ClientBase, models: readonly ReadModel[]): Promise<void> => {
  const tables = models.flatMap((model) => model.tables);
  await client.query('set local statement_timeout = 0');
  // Before the snapshot is taken: one from before a swap would find nothing in the table from after it.
  await client.query(
    `lock table ${tables.map(({ table }) => relationOf(table, 'live')).join(', ')} in access share mode`,
  );
  for (const { table, key } of tables) {
    await client.query(
      // eslint-disable-next-line billing/no-built-sql -- names are the read model's own
      `create temporary table ${table} (like ${relationOf(table, 'live')}, primary key (${key.join(', ')})) on commit drop`,
    );
  }
};

const foldUpTo = async (
  client: ClientBase,
  models: readonly ReadModel[],
  positions: Positions,
  onProgress: VerifyOptions['onProgress'],
): Promise<void> => {
  const total = eventsBetween(nowhere, positions);
  let events = 0;
  for await (const stretch of stretches(client, nowhere, positions)) {
    const aside = await deadLettersIn(client, readModelsConsumer, stretch);
    const live = stretch.rows.filter(({ position }) => !aside.has(position));
    await applyInLockstep(
      models,
      live.map((row) => projectedFrom(stretch.shard, row)),
      client,
    );
    for (const model of models) model.committed();
    events += stretch.last - stretch.after;
    onProgress?.({ events, total });
  }
};
