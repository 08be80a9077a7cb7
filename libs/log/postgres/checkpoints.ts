import type { EventRow } from '#event-store';
import { allShards } from '#event-store';
import type { Pool, PoolClient } from 'pg';

/** Raised when another process has moved this consumer's checkpoint: our batch was rolled back, theirs stands. */
export class CheckpointMoved extends Error {
  constructor(consumer: string) {
    super(`another process moved the checkpoint of ${consumer}`);
    this.name = 'CheckpointMoved';
  }
}

/** The last digested position of every shard; creates the rows of a new consumer at 0. */
export const loadCheckpoints = async (pool: Pool, consumer: string): Promise<Map<number, number>> => {
  await pool.query(
    'insert into billing.checkpoint (consumer, shard) select $1, shard from unnest($2::smallint[]) as s (shard) on conflict do nothing',
    [consumer, allShards],
  );
  const { rows } = await pool.query<{ shard: number; position: string }>(
    'select shard, position from billing.checkpoint where consumer = $1',
    [consumer],
  );
  return new Map(rows.map((row) => [row.shard, Number(row.position)]));
};

/** The positions a checkpoint has once `rows` are digested. */
export const positionsAfter = (rows: readonly EventRow[]): Map<number, number> => {
  const last = new Map<number, number>();
  for (const row of rows) last.set(row.shard, Number(row.position));
  return last;
};

/** Compare-and-set of every shard in `to`, forward only, in the transaction of `client`. Throws CheckpointMoved. */
export const moveCheckpoints = async (
  client: PoolClient,
  consumer: string,
  from: ReadonlyMap<number, number>,
  to: ReadonlyMap<number, number>,
): Promise<void> => {
  const shards = [...to.keys()].sort((a, b) => a - b);
  const { rowCount } = await client.query({
    name: 'move_checkpoints',
    text: `update billing.checkpoint c set position = m.new, updated_at = now()
      from unnest($2::smallint[], $3::bigint[], $4::bigint[]) as m (shard, old, new)
      where c.consumer = $1 and c.shard = m.shard and c.position = m.old and m.new > m.old`,
    values: [consumer, shards, shards.map((shard) => from.get(shard) ?? 0), shards.map((shard) => to.get(shard))],
  });
  if (rowCount !== shards.length) throw new CheckpointMoved(consumer);
};
