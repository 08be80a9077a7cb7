import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { deadLetterContract } from '../../../test/contract/dead-letters.js';
import { createEffects, effectsOf, recordEffects } from '../../../test/contract/effects.js';
import { faultContract } from '../../../test/contract/faults.js';
import { logContract } from '../../../test/contract/log.js';
import { StreamWriter } from '../../../test/contract/log-writer.js';
import { startLossyProxy } from '../../../test/contract/lossy-proxy.js';
import type { LogSetUp } from '../../../test/contract/rig.js';
import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { Log } from '../port.js';
import { PostgresLog } from './postgres-log.js';

const openOver = (database: TestDatabase, warn: (message: string) => void, url = database.url('billing_projector')) =>
  new PostgresLog(database.pool('billing_projector', { max: 3 }), url, { warn });

const setUp = async (): Promise<LogSetUp> => {
  const database = await createTestDatabase();
  const pool = database.pool('billing_projector', { max: 6 });
  return {
    database,
    open: (observer) => new PostgresLog(pool, database.url('billing_projector'), observer),
    tearDown: () => database.drop(),
  };
};
logContract('Postgres', setUp);
deadLetterContract('Postgres', setUp);

const said = {
  restart: 'Postgres has cut every connection, as in a restart',
  lostAnswer: 'the answer to a commit is lost',
};
faultContract('Postgres', said, async () => {
  const database = await createTestDatabase();
  const { hostname: host, port } = new URL(database.url('billing_projector'));
  const proxy = await startLossyProxy({ host, port: Number(port) });
  const url = new URL(database.url('billing_projector'));
  url.host = `127.0.0.1:${proxy.port}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 6 });
  pool.on('error', () => undefined);
  return {
    database,
    open: (observer) => new PostgresLog(pool, url.href, observer),
    restart: async () => {
      await database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'billing_projector' and datname = current_database()`,
      );
    },
    loseAnswer: () => proxy.loseAnswerTo((request) => request.includes('commit')),
    tearDown: async () => {
      await pool.end();
      await proxy.close();
      await database.drop();
    },
  };
});

describe('waking and waiting over Postgres', () => {
  let database: TestDatabase;
  let writer: StreamWriter;
  let log: Log;
  let warnings: string[];
  const consumer = () => `projector:waking-${randomUUID()}`;

  beforeAll(async () => {
    database = await createTestDatabase();
    await createEffects(database);
    writer = await StreamWriter.in(database, 7);
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    warnings = [];
  });
  afterEach(() => log.close());

  it('delivers by polling where nobody can listen, and says so', async () => {
    const nowhere = new URL(database.url('billing_projector'));
    nowhere.port = '1';
    log = openOver(database, (message) => warnings.push(message), nowhere.href);
    const name = consumer();
    const subscription = await log.subscribe({ consumer: name, handle: recordEffects(name) });
    await writer.append(writer.newStream());
    const delivered = new Promise<void>((resolve) => {
      const look = async (): Promise<void> => {
        const effects = await effectsOf(database, name);
        if (effects.some(({ version }) => version === 1)) resolve();
        else setTimeout(() => void look(), 10);
      };
      void look();
    });
    await delivered; // by the poll alone: nobody called whenCaughtUp, which would have woken the loop
    await subscription.whenCaughtUp(); // what is committed is known here a moment later
    expect(subscription.positions().get(7)).toBeGreaterThan(0);
    expect(warnings).toContain('listening for appends failed; polling until it works again');
  });

  it('takes a notification that names no shard for a wake-up like any other', async () => {
    log = openOver(database, (message) => warnings.push(message));
    const name = consumer();
    const subscription = await log.subscribe({ consumer: name, handle: recordEffects(name) });
    await subscription.whenCaughtUp();
    for (const payload of ['', 'hello', '16', '-1', '1.5'])
      await database.admin.query(`notify billing_log, '${payload}'`);
    await writer.append(writer.newStream());
    await subscription.whenCaughtUp();
    expect(subscription.positions().get(7)).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  it('whenCaughtUp wakes the reader instead of waiting for a poll', async () => {
    log = openOver(database, () => undefined);
    const name = consumer();
    const subscription = await log.subscribe({ consumer: name, handle: recordEffects(name) });
    await subscription.whenCaughtUp();
    const began = performance.now();
    for (let round = 0; round < 20; round += 1) {
      await writer.append(writer.newStream());
      await subscription.whenCaughtUp();
    }
    expect(performance.now() - began).toBeLessThan(20 * 100); // 20 polls of 100 ms, had it slept
  });

  it('gathers a busy log into fewer batches, and holds no event back for ever', async () => {
    log = openOver(database, () => undefined);
    const name = consumer();
    const record = recordEffects(name);
    let batches = 0;
    const subscription = await log.subscribe({
      consumer: name,
      gatherMs: 50,
      handle: async (events, client) => {
        batches += 1;
        await record(events, client);
      },
    });
    await subscription.whenCaughtUp();
    const before = batches;
    const began = performance.now();
    for (let round = 0; round < 40; round += 1) await writer.append(writer.newStream());
    await subscription.whenCaughtUp();
    const elapsedMs = performance.now() - began;
    expect(batches - before).toBeLessThanOrEqual(2 + elapsedMs / 50);
    expect((await effectsOf(database, name)).length).toBe(subscription.positions().get(7));
  });
});
