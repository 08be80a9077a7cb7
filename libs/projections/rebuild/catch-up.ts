import type { ClientBase, Pool } from 'pg';

import { readModelsConsumer } from '../all.js';
import type { Positions, Progress, Stretch } from '../replay/log.js';
import { deadLettersIn, eventsBetween, positionsOf, projectedFrom, stretches } from '../replay/log.js';
import { inTransaction } from '../replay/transaction.js';
import type { Beside, Digestible } from './beside.js';

/** Raised when a rebuild cannot fold what the live read model has digested; the live one stays as it is. */
export class RebuildFailed extends Error {
  constructor({ shard, after, last }: Omit<Stretch, 'rows'>, cause: unknown) {
    super(`cannot fold positions ${after + 1} to ${last} of shard ${shard}: ${String(cause)}`, { cause });
    this.name = 'RebuildFailed';
  }
}

/** Where the one that is furthest behind stands in each shard. */
export const lowestOf = (besides: readonly Beside[]): Map<number, number> => {
  const lowest = new Map<number, number>();
  const shards = new Set(besides.flatMap(({ positions }) => [...positions.keys()]));
  for (const shard of shards) lowest.set(shard, Math.min(...besides.map(({ positions }) => positions.get(shard) ?? 0)));
  return lowest;
};

/**
 * Folds the log up to where the live consumer stands, each model in transactions of its own, all of them from one reading. Gives
 * how many events that were. `pool` acts as the projector and has two connections more than there are models.
 */
export const catchUp = async (
  pool: Pool,
  besides: readonly Beside[],
  onProgress?: (progress: Progress) => void,
): Promise<number> => {
  const ends = await positionsOf(pool, readModelsConsumer);
  const from = lowestOf(besides);
  const total = eventsBetween(new Map(), ends);
  const todo = eventsBetween(from, ends);
  let events = 0;
  for await (const digestible of digestibles(pool, from, ends)) {
    const digests = besides.map(async (beside) => {
      try {
        await inTransaction(pool, async (client) => {
          // What a crash of Postgres takes away here it takes together with the checkpoint, and the log brings it back.
          await client.query('set local synchronous_commit = off');
          await beside.digest(client, digestible);
        });
        beside.committed();
      } catch (error) {
        beside.rolledBack();
        throw error;
      }
    });
    await allOrFirstError(digests, digestible);
    events += digestible.last - digestible.after;
    onProgress?.({ events: total - todo + events, total });
  }
  return events;
};

/** The log between two places, decoded: the next stretch while Postgres writes what the one before has become. */
async function* digestibles(pool: Pool, from: Positions, to: Positions): AsyncGenerator<Digestible> {
  const source = stretches(pool, from, to, { readsAhead: true });
  const decode = async (): Promise<Digestible | undefined> => {
    const read = await source.next();
    if (read.done) return undefined;
    return digestibleFrom(pool, read.value).catch((error: unknown) => {
      throw new RebuildFailed(read.value, error);
    });
  };
  let next = decode();
  for (;;) {
    const digestible = await next;
    if (!digestible) return;
    next = decode();
    next.catch(() => undefined); // thrown where it is awaited
    yield digestible;
  }
}

/** Waits for every digest, so that none still runs when the first error is thrown. */
const allOrFirstError = async (digests: readonly Promise<void>[], stretch: Digestible): Promise<void> => {
  for (const result of await Promise.allSettled(digests)) {
    if (result.status === 'rejected') throw new RebuildFailed(stretch, result.reason);
  }
};

/**
 * Folds the rest up to `ends` in the one transaction that `client` is in. It is short: `catchUp` has gone before. The caller tells
 * each of `besides` how the transaction ended.
 */
export const foldRest = async (client: ClientBase, besides: readonly Beside[], ends: Positions): Promise<void> => {
  for await (const stretch of stretches(client, lowestOf(besides), ends)) {
    const digestible = await digestibleFrom(client, stretch);
    for (const beside of besides) await beside.digest(client, digestible);
  }
  for (const beside of besides) await beside.digestLate(client);
};

const digestibleFrom = async (client: ClientBase | Pool, stretch: Stretch): Promise<Digestible> => {
  const { shard, after, last, rows } = stretch;
  const aside = await deadLettersIn(client, readModelsConsumer, stretch);
  const events = rows.filter(({ position }) => !aside.has(position)).map((row) => projectedFrom(shard, row));
  return { shard, after, last, events, aside: rows.filter(({ position }) => aside.has(position)) };
};
