import type { EventRow } from '#event-store';
import { allShards } from '#event-store';
import type { Pool, PoolClient } from 'pg';

import { CheckpointMoved, OutOfPlace } from './failures.js';
import type { Gap } from './removals.js';
import { unexplained } from './removals.js';

interface CheckpointRow {
  shard: number;
  position: string;
  epoch: string;
}

/**
 * Where a consumer stands, as this process knows it. Every change is a compare-and-set of position and epoch, so that of two
 * processes on one shard only one takes effect. Who changes what a consumer has written in another way than by digesting the
 * next events bumps the epoch: then nobody goes on with what he remembers.
 */
export class Checkpoints {
  readonly #consumer: string;
  #positions = new Map<number, number>();
  #epochs = new Map<number, string>();

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  /** The last digested position of every shard. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /** Reads them; creates the rows of a new consumer at 0. */
  async load(pool: Pool): Promise<void> {
    await pool.query(
      'insert into billing.checkpoint (consumer, shard) select $1, shard from unnest($2::smallint[]) as s (shard) on conflict do nothing',
      [this.#consumer, allShards],
    );
    const { rows } = await pool.query<CheckpointRow>(
      'select shard, position, epoch from billing.checkpoint where consumer = $1',
      [this.#consumer],
    );
    this.#positions = new Map(rows.map((row) => [row.shard, Number(row.position)]));
    this.#epochs = new Map(rows.map((row) => [row.shard, row.epoch]));
  }

  /** The positions that all processes of the consumer have digested, whatever this one knows. */
  async read(pool: Pool): Promise<Map<number, number>> {
    const { rows } = await pool.query<CheckpointRow>({
      name: 'read_own_checkpoints',
      text: 'select shard, position from billing.checkpoint where consumer = $1',
      values: [this.#consumer],
    });
    return new Map(rows.map((row) => [row.shard, Number(row.position)]));
  }

  /**
   * Makes sure that `rows` follow the positions, each shard's in order, without a repeat and without a gap but where events were removed after
   * their retention. Throws OutOfPlace.
   */
  async expectNext(pool: Pool, rows: readonly EventRow[]): Promise<void> {
    const next = new Map<number, number>();
    const gaps: Gap[] = [];
    for (const { shard, position } of rows) {
      const expected = next.get(shard) ?? (this.#positions.get(shard) ?? 0) + 1;
      const found = Number(position);
      if (found < expected) throw new OutOfPlace(this.#consumer, shard, expected, found);
      if (found > expected) gaps.push({ shard, first: expected, last: found - 1 });
      next.set(shard, found + 1);
    }
    const [gap] = await unexplained(pool, gaps);
    if (gap) throw new OutOfPlace(this.#consumer, gap.shard, gap.first, gap.last + 1);
  }

  /**
   * Moves on behind `rows`, forward only, in the transaction of `client`. Gives what has to be called once that has committed.
   * Throws CheckpointMoved.
   */
  async move(client: PoolClient, rows: readonly EventRow[]): Promise<() => void> {
    const to = positionsAfter(rows);
    const shards = [...to.keys()].sort((a, b) => a - b);
    const { rowCount } = await client.query({
      name: 'move_checkpoints',
      text: `update billing.checkpoint c set position = m.new, updated_at = now()
        from unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[]) as m (shard, old, new, epoch)
        where c.consumer = $1 and c.shard = m.shard and c.position = m.old and c.epoch = m.epoch and m.new > m.old`,
      values: [
        this.#consumer,
        shards,
        shards.map((shard) => this.#positions.get(shard) ?? 0),
        shards.map((shard) => to.get(shard)),
        shards.map((shard) => this.#epochs.get(shard) ?? 0),
      ],
    });
    if (rowCount !== shards.length) throw new CheckpointMoved(this.#consumer);
    return () => {
      for (const [shard, position] of to) this.#positions.set(shard, position);
    };
  }

  /** Bumps the epoch of a shard and leaves its position. Gives what has to be called once that has committed. Throws CheckpointMoved. */
  async bump(client: PoolClient, shard: number): Promise<() => void> {
    const { rows } = await client.query<{ epoch: string }>({
      name: 'bump_checkpoint',
      text: `update billing.checkpoint set epoch = epoch + 1, updated_at = now()
        where consumer = $1 and shard = $2 and position = $3 and epoch = $4 returning epoch`,
      values: [this.#consumer, shard, this.#positions.get(shard) ?? 0, this.#epochs.get(shard) ?? 0],
    });
    const [bumped] = rows;
    if (!bumped) throw new CheckpointMoved(this.#consumer);
    return () => {
      this.#epochs.set(shard, bumped.epoch);
    };
  }
}

/** The positions a consumer has once `rows` are digested. */
export const positionsAfter = (rows: readonly EventRow[]): Map<number, number> => {
  const last = new Map<number, number>();
  for (const row of rows) last.set(row.shard, Number(row.position));
  return last;
};
