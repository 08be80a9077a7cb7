import { randomUUID } from 'node:crypto';

import type { PoolClient } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { DeletionOptions, StreamKey } from './delete-streams.js';
import { deleteStreams } from './delete-streams.js';

const shard = 3;
/** How long Postgres is kept busy with each event. */
const eventMs = 20;

let database: TestDatabase;
let tenantId: string;
let client: PoolClient;
let position = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant({ shard });
  // All that may be asked for before an event goes: positions up to 1,000 are digested, sealed and archived.
  await database.admin.query(`
    insert into billing.checkpoint (consumer, shard, position) values ('projector:read-models', ${shard}, 1000);
    insert into billing.audit_leaf_run values (0, ${shard}, 1, 1000);
    insert into billing.retention_archive (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size)
      values (${shard}, '2018-03-01', 1, '{[1,999]}', 'here', 'm', sha256('x'), 1)`);
  await database.admin.query(`create function public.busy() returns trigger language plpgsql as
    $$ begin perform pg_sleep(${eventMs / 1_000}); return old; end $$`);
  await database.admin.query(
    'create trigger a_busy before delete on billing.event for each row execute function public.busy()',
  );
  client = await database.admin.connect();
  await client.query('set role billing_retention');
});
afterAll(async () => {
  client.release(true);
  await database.drop();
});

/** Streams of so many events each, which may go. */
const removable = async (...events: number[]): Promise<StreamKey[]> => {
  const streams: StreamKey[] = [];
  for (const count of events) {
    const streamId = `payment-${randomUUID()}`;
    await database.admin.query(
      `insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id,
        data, metadata, recorded_at)
      select $1, $2 + n, $3, $4, n, gen_random_uuid(), 'PaymentCreated', 1, gen_random_uuid(), gen_random_uuid(), '{}', '{}', '2018-03-10Z'
      from generate_series(1, $5::integer) n`,
      [shard, position, tenantId, streamId, count],
    );
    position += count;
    streams.push({ tenant_id: tenantId, stream_id: streamId });
  }
  return streams;
};

interface Deleted {
  stayed: StreamKey[];
  /** Of each statement that removed some. */
  removed: number[];
}
const remove = async (streams: readonly StreamKey[], options: Partial<DeletionOptions>): Promise<Deleted> => {
  const removed: number[] = [];
  const stayed = await deleteStreams(client, shard, streams, {
    onRemoved: (events) => removed.push(events),
    ...options,
  });
  return { stayed, removed };
};
const left = async (streams: readonly StreamKey[]): Promise<number> => {
  const ids = streams.map(({ stream_id }) => stream_id);
  return (await database.admin.query('select from billing.event where stream_id = any ($1)', [ids])).rowCount ?? 0;
};

describe('streams that are removed', () => {
  it('go by halves where they are too many for one statement', async () => {
    const streams = await removable(5, 5, 5, 5);
    const bounds = { togetherMs: 15 * eventMs, aloneMs: 10_000 };
    expect(await remove(streams, { bounds })).toEqual({ stayed: [], removed: [10, 10] });
    expect(await left(streams)).toBe(0);
  });

  it('go without one that is too long for a statement of its own, which stays whole', async () => {
    const streams = await removable(2, 30, 2);
    const bounds = { togetherMs: 20 * eventMs, aloneMs: 20 * eventMs };
    expect(await remove(streams, { bounds })).toEqual({ stayed: [streams[1]], removed: [2, 2] });
    expect(await left(streams)).toBe(30);
  });

  it('stay where a person ends the statement: that is told, and not taken for too much', async () => {
    const streams = await removable(50, 50);
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const running = remove(streams, { bounds: { togetherMs: 10_000, aloneMs: 10_000 } });
    const cancelled = expect(running).rejects.toMatchObject({ code: '57014' });
    const isDeleting = `select from pg_stat_activity where pid = $1 and state = 'active' and query like 'delete from%'`;
    for (let tries = 0; (await database.admin.query(isDeleting, [rows[0]?.pid])).rowCount === 0; tries += 1)
      if (tries > 1_000) throw new Error('nothing is removed');
    await database.admin.query('select pg_cancel_backend($1)', [rows[0]?.pid]);
    await cancelled;
    expect(await left(streams)).toBe(100);
  });

  it('stay where a busy shard was waited for, and are not halved for that', async () => {
    const streams = await removable(1, 1);
    const busy = await database.admin.connect();
    try {
      await busy.query('begin');
      await busy.query('select from billing.log_head where shard = $1 for no key update', [shard]);
      await expect(remove(streams, {})).rejects.toMatchObject({ code: '55P03' });
    } finally {
      await busy.query('rollback');
      busy.release();
    }
    expect(await left(streams)).toBe(2);
  });

  it('stay where it was interrupted, but for those of the statement at hand', async () => {
    const streams = await removable(5, 5, 5, 5);
    const interrupted = new AbortController();
    const removed: number[] = [];
    const onRemoved = (events: number): void => {
      removed.push(events);
      interrupted.abort();
    };
    const bounds = { togetherMs: 15 * eventMs, aloneMs: 10_000 };
    expect(await remove(streams, { bounds, signal: interrupted.signal, onRemoved })).toEqual({
      stayed: [],
      removed: [],
    });
    expect(removed).toEqual([10]);
    expect(await left(streams)).toBe(10);
  });
});
