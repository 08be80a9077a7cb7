import { randomUUID } from 'node:crypto';

import { appendOver } from '#event-store';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { CheckpointWatch } from './checkpoint-watch.js';
import { LogTail } from './tail.js';

let database: TestDatabase;
let tenantId: string;
const shard = 5;

beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant({ shard });
});
afterAll(() => database.drop());

const append = async (streamId: string, expectedVersion: number, correlationId: string): Promise<void> => {
  const [result] = await appendOver(database.pool('billing_api', { max: 1 }))(shard, [
    {
      tenantId,
      commandId: randomUUID(),
      fingerprint: Buffer.from('same'),
      streamId,
      expectedVersion,
      events: [{ type: 'PaymentCreated' }],
      correlationId,
      actor: { type: 'system', subject: 'tester' },
    },
  ]);
  expect(result?.status).toBe('ok');
};

describe('the tail that wakes waiting requests', () => {
  let tail: LogTail;
  beforeAll(async () => {
    tail = new LogTail(database.pool('billing_api', { max: 2 }), database.url('billing_api'), {
      warn: () => undefined,
    });
    await tail.start();
  });
  afterAll(() => tail.close());

  it('wakes who waits for a later event of that stream and command, and nobody else', async () => {
    const [streamId, correlationId] = [`payment-${randomUUID()}`, randomUUID()];
    await append(streamId, 0, correlationId);
    const wanted = { tenantId, streamId, afterVersion: 1, correlationId };
    const waiting = tail.next(wanted, 5_000);
    const both = tail.next(wanted, 5_000);
    const stranger = tail.next({ ...wanted, tenantId: randomUUID() }, 300);
    const otherCommand = tail.next({ ...wanted, correlationId: randomUUID() }, 300);
    await append(streamId, 1, correlationId);
    expect(await Promise.all([waiting, both])).toEqual([2, 2]);
    expect(await Promise.all([stranger, otherCommand])).toEqual([undefined, undefined]);
  });

  it('answers at once who begins to wait a moment late', async () => {
    const [streamId, correlationId] = [`payment-${randomUUID()}`, randomUUID()];
    const wanted = { tenantId, streamId, afterVersion: 0, correlationId };
    const waiting = tail.next(wanted, 5_000);
    await append(streamId, 0, correlationId);
    await waiting;
    expect(await tail.next(wanted, 0)).toBe(1);
    expect(await tail.next({ ...wanted, afterVersion: 1 }, 0)).toBeUndefined();
  });

  it('goes on when its connections are cut', async () => {
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'billing_api' and datname = current_database()`,
    );
    const [streamId, correlationId] = [`payment-${randomUUID()}`, randomUUID()];
    const waiting = tail.next({ tenantId, streamId, afterVersion: 0, correlationId }, 10_000);
    await append(streamId, 0, correlationId);
    expect(await waiting).toBe(1);
  });
});

describe('waiting for a checkpoint', () => {
  const consumer = 'projector:watched';
  const moveTo = (position: number) =>
    database.admin.query(
      `insert into billing.checkpoint (consumer, shard, position) values ($1, $2, $3)
      on conflict (consumer, shard) do update set position = excluded.position`,
      [consumer, shard, position],
    );

  it('is true at once for what was digested, and as soon as the rest is', async () => {
    const pool = database.pool('billing_api', { max: 1 });
    await pool.query('select 1'); // it is connected: what is measured is the look
    const watch = new CheckpointWatch(pool, consumer);
    await moveTo(10);
    expect(await watch.reached(shard, 10, 0)).toBe(true);
    const waiting = [11, 12].map((position) => watch.reached(shard, position, 5_000));
    await moveTo(12);
    expect(await Promise.all(waiting)).toEqual([true, true]);
  });

  it('is false after the time-out, for a shard that has no checkpoint too', async () => {
    const watch = new CheckpointWatch(database.pool('billing_api', { max: 1 }), consumer);
    expect(await Promise.all([watch.reached(shard, 1_000, 60), watch.reached(9, 1, 60)])).toEqual([false, false]);
  });

  it('is false after the time-out, and not much later, while Postgres does not answer', async () => {
    const pool = database.pool('billing_api', { max: 1 });
    const hog = await pool.connect();
    const watch = new CheckpointWatch(pool, consumer);
    const began = performance.now();
    expect(await watch.reached(shard, 1, 100)).toBe(false);
    expect(performance.now() - began).toBeLessThan(10_000); // while it does not answer for longer: it is held until the end
    hog.release();
  });
});
