import type { BillingEvent } from '#domain';
import { encodeData, shardCount, shardForNewTenant } from '#event-store';
import type { Pool } from 'pg';

import { lifecycleOf } from './generated-lifecycles.js';

export interface GeneratedLogOptions {
  /** How many events to write. */
  events: number;
  /** Over how many tenants. Default 20. */
  tenants?: number;
  /** The same seed gives the same events. Default 1. */
  seed?: number;
  onProgress?: (written: number) => void;
}

/** An event that is due in a stream. */
export interface Due {
  tenant: number;
  streamId: string;
  event: BillingEvent;
}

const batchSize = 20_000;
/** Steps ahead that an event can be due: refunds come long after their charge. */
const horizon = 65_536;
const startOfTime = Date.parse('2026-10-01T00:00:00.000Z');
const stepMs = 2_000;

/** Random numbers that a seed decides (mulberry32): 0 <= n < 1. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** A UUID of version 4 from `random`. */
export const uuidFrom = (random: () => number): string => {
  const words = Array.from({ length: 4 }, () =>
    Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0'),
  );
  const hex = words.join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

/** Events of interleaved streams, as a service under load records them, each with the time at which it happens. */
export function* eventsFrom(random: () => number, tenants: number): Generator<Due> {
  const due = new Map<number, Due[]>();
  const uuid = () => uuidFrom(random);
  for (let step = 0; ; step += 1) {
    const tenant = Math.floor(random() * tenants);
    for (const { streamId, after, event } of lifecycleOf({ random, uuid, tenant })) {
      const when = step + Math.min(after, horizon);
      const at = new Date(startOfTime + when * stepMs).toISOString();
      const entry = { tenant, streamId, event: event(at) };
      const others = due.get(when);
      if (others) others.push(entry);
      else due.set(when, [entry]);
    }
    yield* due.get(step) ?? [];
    due.delete(step);
  }
}

/**
 * Writes a log of realistic events into an empty database, as its superuser and past the append function: tenants, customers,
 * payment methods, and payments that are captured at once or later, declined, retried, settled and refunded, interleaved as under
 * load, with positions, versions, streams and heads as `append` would leave them. The same seed and numbers give the same
 * events but for the time of recording. Gives the tenants' ids.
 */
export const generateLog = async (
  admin: Pool,
  { events, tenants = 20, seed = 1, onProgress }: GeneratedLogOptions,
): Promise<string[]> => {
  const random = randomFrom(seed);
  const ids = Array.from({ length: tenants }, () => uuidFrom(random));
  const shards = ids.map(shardForNewTenant);
  await admin.query(
    'insert into billing.tenant (id, name, shard) select id, $2, shard from unnest($1::uuid[], $3::smallint[]) as t (id, shard)',
    [ids, 'Generated', shards],
  );
  const heads = new Array<number>(shardCount).fill(0);
  const versions = new Map<string, number>();
  const source = eventsFrom(random, tenants);
  let writing = Promise.resolve();
  for (let written = 0; written < events; written += batchSize) {
    const rows = new RowBatch();
    for (let at = 0; at < Math.min(batchSize, events - written); at += 1) {
      const { tenant, streamId, event } = source.next().value as Due;
      const shard = shards[tenant] ?? 0;
      const position = (heads[shard] ?? 0) + 1;
      heads[shard] = position;
      const version = (versions.get(streamId) ?? 0) + 1;
      versions.set(streamId, version);
      rows.add(shard, position, ids[tenant] ?? '', streamId, version, uuidFrom(random), uuidFrom(random), event);
    }
    await writing; // one batch is inserted while the next is made
    writing = rows.insert(admin);
    writing.catch(() => undefined); // thrown where it is awaited
    onProgress?.(written + batchSize);
  }
  await writing;
  await finish(admin, heads);
  return ids;
};

/** Columns of one insert, written as array literals by hand: none of these values needs an escape. */
class RowBatch {
  readonly #columns: string[][] = Array.from({ length: 8 }, () => []);
  readonly #data: string[] = [];

  add(
    shard: number,
    position: number,
    tenantId: string,
    streamId: string,
    version: number,
    eventId: string,
    commandId: string,
    event: BillingEvent,
  ): void {
    const values = [shard, position, tenantId, streamId, version, eventId, event.type, commandId];
    for (const [at, value] of values.entries()) this.#columns[at]?.push(String(value));
    this.#data.push(encodeData(event));
  }

  async insert(admin: Pool): Promise<void> {
    await admin.query({
      name: 'generated_events',
      text: `insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id,
          causation_id, data, metadata)
        select shard, position, tenant_id, stream_id, version, event_id, type, 1, command_id, command_id, data,
          '{"actor":{"type":"service","subject":"generated"}}'
        from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::integer[], $6::uuid[], $7::text[], $8::uuid[],
          string_to_array($9, E'\\x1e')) as e (shard, position, tenant_id, stream_id, version, event_id, type, command_id, data)
        order by shard, position`,
      values: [...this.#columns.map((column) => `{${column.join(',')}}`), this.#data.join('\u001e')],
    });
  }
}

/** What `append` keeps beside the events. */
const finish = async (admin: Pool, heads: readonly number[]): Promise<void> => {
  await admin.query(
    'insert into billing.stream (tenant_id, stream_id, version) select tenant_id, stream_id, max(version) from billing.event group by 1, 2',
  );
  await admin.query(
    `update billing.log_head h set position = n.position
    from unnest($1::smallint[], $2::bigint[]) as n (shard, position) where h.shard = n.shard`,
    [heads.map((_, shard) => shard), heads],
  );
  await admin.query('analyze billing.event, billing.stream');
};
