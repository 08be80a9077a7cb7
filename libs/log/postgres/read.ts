import type { RecordedEvent } from '#contracts';
import type { EventRow } from '#event-store';
import { eventColumns, recordedFrom } from '#event-store';
import type { Pool } from 'pg';

const ofOneShard = {
  name: 'read_shard',
  text: `select ${eventColumns} from billing.event where shard = $1 and position > $2 order by position limit $3`,
};

const ofShards = {
  name: 'read_shards',
  text: `select e.* from unnest($1::smallint[], $2::bigint[]) as s (shard, after)
    cross join lateral (
      select ${eventColumns} from billing.event where event.shard = s.shard and event.position > s.after
      order by event.position limit $3) e
    order by e.shard, e.position`,
};

/**
 * Rows of `shards` after each one's position, in shard and position order, `limit` of each at most. Not decoded yet. One shard
 * has a statement of its own, for which Postgres opens one partition and not sixteen.
 */
export const readRows = async (
  pool: Pool,
  after: ReadonlyMap<number, number>,
  shards: readonly number[],
  limit: number,
): Promise<EventRow[]> => {
  const [shard] = shards;
  if (shard === undefined) return [];
  const positions = shards.map((each) => after.get(each) ?? 0);
  const query =
    shards.length === 1
      ? { ...ofOneShard, values: [shard, positions[0], limit] }
      : { ...ofShards, values: [shards, positions, limit] };
  return (await pool.query<EventRow>(query)).rows;
};

/**
 * Events after a position of each shard, in shard and position order, `limit` of each shard at most. Throws
 * UnknownEventVersion for one that this release cannot read; a subscription sets such an event aside instead.
 */
export const readAfter = async (
  pool: Pool,
  after: ReadonlyMap<number, number>,
  limit: number,
): Promise<RecordedEvent[]> => (await readRows(pool, after, [...after.keys()], limit)).map((row) => recordedFrom(row));
