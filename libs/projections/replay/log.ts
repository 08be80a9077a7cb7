import { upcast } from '#contracts';
import type { EventRow } from '#event-store';
import { unexplained } from '#log';
import type { ClientBase, Pool } from 'pg';

import type { ProjectedEvent } from '../tables/read-model.js';

/** Last positions, by shard. A shard that is not there is at 0. */
export type Positions = ReadonlyMap<number, number>;

/** How far a replay is. */
export interface Progress {
  /** Events folded so far. */
  events: number;
  /** Events there are to fold. */
  total: number;
}

/** What replays read of an event: a third of its columns is not folded. */
type LogRow = Omit<EventRow, 'shard' | 'correlation_id' | 'causation_id' | 'metadata' | 'recorded_at'>;

/** Events that follow each other in one shard. */
export interface Stretch {
  shard: number;
  /** Position before its first event. */
  after: number;
  /** Position of its last event. */
  last: number;
  rows: readonly LogRow[];
}

/** Large enough that a batch costs little beside its events, small enough for memory. */
const stretchSize = 5_000;

/** Where the checkpoint of `consumer` stands in each shard that has digested anything. */
export const positionsOf = async (client: ClientBase | Pool, consumer: string): Promise<Map<number, number>> => {
  const { rows } = await client.query<{ shard: number; position: string }>(
    'select shard, position from billing.checkpoint where consumer = $1 and position > 0 order by shard',
    [consumer],
  );
  return new Map(rows.map(({ shard, position }) => [shard, Number(position)]));
};

/** How many events lie after `from` up to `to`. */
export const eventsBetween = (from: Positions, to: Positions): number => {
  let events = 0;
  for (const [shard, end] of to) events += Math.max(0, end - (from.get(shard) ?? 0));
  return events;
};

/**
 * The log after `from` up to `to`, one shard after the other, in stretches. Positions that a removal has emptied are passed over. With
 * `readsAhead`, for pools, the next stretch is read while the one before is worked on. Throws when the log ends before `to`.
 */
export async function* stretches(
  client: ClientBase | Pool,
  from: Positions,
  to: Positions,
  { readsAhead = false } = {},
): AsyncGenerator<Stretch> {
  for (const [shard, end] of to) {
    let after = from.get(shard) ?? 0;
    let next = after < end ? readStretch(client, shard, after, end) : undefined;
    while (next) {
      const stretch = await next;
      after = stretch.last;
      next = undefined;
      if (readsAhead && after < end) {
        next = readStretch(client, shard, after, end);
        next.catch(() => undefined); // thrown where it is awaited
      }
      yield stretch;
      if (!readsAhead && after < end) next = readStretch(client, shard, after, end);
    }
  }
}

const readStretch = async (client: ClientBase | Pool, shard: number, after: number, end: number): Promise<Stretch> => {
  const { rows } = await client.query<LogRow>({
    name: 'replay_log',
    text: `select position, tenant_id, stream_id, version, event_id, type, schema_version, data from billing.event
      where shard = $1 and position > $2 and position <= $3 order by position limit $4`,
    values: [shard, after, end, stretchSize],
  });
  const last = rows.at(-1);
  if (!last) {
    const gap = { shard, first: after + 1, last: end };
    if ((await unexplained(client, [gap])).length === 0) return { shard, after, last: end, rows };
    throw new Error(`shard ${shard} ends at ${after}, before ${end}, which a checkpoint says was digested`);
  }
  return { shard, after, last: Number(last.position), rows };
};

/** Positions of a stretch that `consumer` has set aside. */
export const deadLettersIn = async (
  client: ClientBase | Pool,
  consumer: string,
  { shard, after, last }: Omit<Stretch, 'rows'>,
): Promise<Set<string>> => {
  const { rows } = await client.query<{ position: string }>({
    name: 'replay_dead_letters',
    text: 'select position from billing.dead_letter where consumer = $1 and shard = $2 and position > $3 and position <= $4',
    values: [consumer, shard, after, last],
  });
  return new Set(rows.map(({ position }) => position));
};

/** The event of a row, upcast to the schema version of this release. Throws UnknownEventVersion. */
export const projectedFrom = (shard: number, row: LogRow): ProjectedEvent => ({
  shard,
  position: Number(row.position),
  tenantId: row.tenant_id,
  streamId: row.stream_id,
  version: row.version,
  eventId: row.event_id,
  type: row.type,
  event: {
    type: row.type,
    ...upcast(row.type, row.schema_version, JSON.parse(row.data) as Record<string, unknown>),
  },
});

/** The events at single places of the log, in the order of their shards and positions. */
export const eventsAt = async (
  client: ClientBase | Pool,
  places: readonly { shard: number; position: string }[],
): Promise<ProjectedEvent[]> => {
  if (places.length === 0) return [];
  const { rows } = await client.query<LogRow & { shard: number }>(
    `select e.shard, e.position, tenant_id, stream_id, version, event_id, type, schema_version, data
    from unnest($1::smallint[], $2::bigint[]) as p (shard, position)
    join billing.event e on e.shard = p.shard and e.position = p.position order by e.shard, e.position`,
    [places.map(({ shard }) => shard), places.map(({ position }) => position)],
  );
  return rows.map((row) => projectedFrom(row.shard, row));
};
