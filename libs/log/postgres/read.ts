import type { RecordedEvent } from '#contracts';
import type { EventRow } from '#event-store';
import { eventColumns, recordedFrom } from '#event-store';
import type { Pool } from 'pg';

/** Events after a position of each shard, in shard and position order, `limit` of each shard at most. */
export const readAfter = async (
  pool: Pool,
  after: ReadonlyMap<number, number>,
  limit: number,
): Promise<RecordedEvent[]> => {
  const { rows } = await pool.query<EventRow>({
    name: 'read_log',
    text: `select e.* from unnest($1::smallint[], $2::bigint[]) as s (shard, after)
      cross join lateral (
        select ${eventColumns} from billing.event where event.shard = s.shard and event.position > s.after
        order by event.position limit $3) e
      order by e.shard, e.position`,
    values: [[...after.keys()], [...after.values()], limit],
  });
  return rows.map((row) => recordedFrom(row));
};
