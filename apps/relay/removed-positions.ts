import type { EventRow } from '#event-store';
import type { Gap } from '#log';
import { recordOf, removedRecordOf, unexplained } from '#log';
import type { Message } from 'kafkajs';
import type { Pool } from 'pg';

/** A position whose event was removed after its retention: it is carried as an empty record. */
export interface RemovedPosition {
  shard: number;
  position: string;
  removed: true;
}

/** What the relay carries: one record for each position of a shard. */
export type Carried = EventRow | RemovedPosition;

export const isRemoved = (carried: Carried): carried is RemovedPosition => 'removed' in carried;

/** The record of a position, as the relay that holds its shard in `epoch` sends it. */
export const recordFor = (carried: Carried, epoch: number): Message =>
  isRemoved(carried) ? removedRecordOf(carried.shard, Number(carried.position), epoch) : recordOf(carried, epoch);

/** Rows of one shard after a position. */
export interface ReadOn {
  shard: number;
  after: number;
  rows: readonly EventRow[];
}

/**
 * What lies after a position, one for each position, `limit` at most: `rows`, and between them those that a removal has emptied. Throws where a
 * position is missing for another reason.
 */
export const withRemoved = async (pool: Pool, { shard, after, rows }: ReadOn, limit: number): Promise<Carried[]> => {
  const gaps: Gap[] = [];
  let last = after;
  for (const { position } of rows) {
    if (Number(position) > last + 1) gaps.push({ shard, first: last + 1, last: Number(position) - 1 });
    last = Number(position);
  }
  if (gaps.length === 0) return [...rows];
  const [gap] = await unexplained(pool, gaps);
  if (gap) throw new Error(`shard ${shard} has position ${gap.last + 1} after ${gap.first - 1}: the log has a gap`);
  const carried: Carried[] = [];
  for (const row of rows) {
    for (let next = after + carried.length + 1; next < Number(row.position); next += 1) {
      if (carried.length >= limit) return carried;
      carried.push({ shard, position: String(next), removed: true });
    }
    if (carried.length >= limit) return carried;
    carried.push(row);
  }
  return carried;
};
