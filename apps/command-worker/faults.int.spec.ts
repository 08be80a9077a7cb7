import { CommandHandlingModule, Fingerprints } from '#command-handling';
import { readConfiguration } from '#platform/configuration';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { describeWithKafka } from '../../test/kafka/suite.js';
import type { CommandWorkerOptions } from './command-worker.js';
import { CommandWorker } from './command-worker.js';
import { openCommandWorkerParts } from './command-worker.parts.js';
import { DeadLetters } from './desk/dead-letters.js';
import { Desk } from './desk/desk.js';
import { start } from './main.js';
import { WorkerMetrics } from './metrics.js';
import type { RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer } from './testing/signed-record.js';
import { signedRecord } from './testing/signed-record.js';

describeWithKafka('a command worker among faults', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  let tenantId: string;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    shop = await worker.signer('shop');
    tenantId = await worker.database.addTenant();
  }, 60_000);
  afterAll(() => worker?.close(), 30_000);

  const email = () => ({ email: `${randomUUID()}@example.com` });
  const effects = async (messageId: string): Promise<number> => {
    const { rows } = await worker.database.admin.query<{ count: number }>(
      'select count(*)::int as count from billing.event where causation_id = $1',
      [worker.commandId(shop, tenantId, messageId)],
    );
    return rows[0]?.count ?? -1;
  };
  const until = async (reached: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) if (await reached()) return;
    throw new Error('it did not come to that');
  };

  /** A worker of which a part is replaced, in the place of the real one. */
  const startFaulty = async (fault: (options: CommandWorkerOptions) => Partial<CommandWorkerOptions>) => {
    const parts = await openCommandWorkerParts(readConfiguration(worker.environment));
    const app = await NestFactory.createApplicationContext(CommandHandlingModule.with(parts), { logger: false });
    const options: CommandWorkerOptions = {
      ...parts,
      desk: new Desk({ ...parts, bus: app.get(CommandBus), fingerprints: app.get(Fingerprints) }),
      letters: new DeadLetters(parts.pool, parts.keys, parts.shards),
      metrics: new WorkerMetrics(parts.metrics),
    };
    const faulty = new CommandWorker({ ...options, ...fault(options) });
    faulty.start();
    return async () => {
      await faulty.close();
      await app.close();
      await parts.close();
    };
  };

  it('that dies between the append and the reply leaves the next one to answer: duplicate, with the resource', async () => {
    await worker.stopWorker();
    const lost = () => Promise.reject(new Error('the process is gone'));
    const stop = await startFaulty(({ letters }) => ({ letters: { keep: lost, expire: () => letters.expire() } }));
    const messageId = await worker.send(shop, { tenantId, body: email() });
    await until(async () => (await effects(messageId)) === 1);
    await stop();
    expect(worker.results.records.filter(({ json }) => json.messageId === messageId)).toEqual([]);
    await worker.startWorker();
    expect(await worker.resultsOf(messageId)).toEqual([
      expect.objectContaining({
        outcome: 'duplicate',
        settled: true,
        resource: { type: 'customer', id: expect.any(String) as string },
      }),
    ]);
    expect(await effects(messageId)).toBe(1);
  }, 40_000);

  it('that dies between the reply and the commit has the record answered twice, and carried out once', async () => {
    await worker.stopWorker();
    const metrics = {
      done: () => {
        throw new Error('the process is gone');
      },
      lag: () => undefined,
    } as unknown as WorkerMetrics;
    const stop = await startFaulty(() => ({ metrics }));
    const messageId = await worker.send(shop, { tenantId, body: email() });
    await worker.resultsOf(messageId);
    await stop();
    await worker.startWorker();
    const results = await worker.resultsOf(messageId, 2);
    expect(results[0]).toMatchObject({ outcome: 'accepted' });
    for (const repeat of results.slice(1))
      expect(repeat).toMatchObject({ outcome: 'duplicate', resource: results[0]?.resource });
    expect(await effects(messageId)).toBe(1);
  }, 40_000);

  it('that fails on one command for good answers it, sets it aside and goes on', async () => {
    const broken = randomUUID();
    // A constraint that no rule of the domain knows of.
    await worker.database.admin.query(
      `create function billing.refuse_poison() returns trigger language plpgsql as $$ begin
         if new.command_id = '${worker.commandId(shop, tenantId, broken)}' then raise exception 'poison' using errcode = '23514'; end if;
         return new; end $$`,
    );
    await worker.database.admin.query(
      'create trigger poison before insert on billing.command for each row execute function billing.refuse_poison()',
    );
    await worker.send(shop, { tenantId, messageId: broken, body: email() });
    const next = await worker.send(shop, { tenantId, body: email() });
    expect(await worker.resultsOf(next)).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
    expect(await worker.resultsOf(broken)).toEqual([
      expect.objectContaining({
        outcome: 'rejected',
        error: expect.objectContaining({ code: 'internal_error' }) as object,
      }),
    ]);
    expect((await worker.letterRows()).find(({ message_id }) => message_id === broken)).toMatchObject({
      reason: 'internal_error',
    });
    await worker.database.admin.query('drop trigger poison on billing.command');
  }, 40_000);

  it('waits for Postgres longer than its session with the broker lasts, loses no place in the group, and sets nothing aside', async () => {
    const letters = (await worker.letterRows()).length;
    const { pathname } = new URL(worker.database.adminUrl);
    const cluster = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
    await cluster.connect();
    const database = pathname.slice(1);
    await cluster.query(`alter database ${database} allow_connections false`);
    await cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database]);
    const ids = await Promise.all([1, 2, 3].map(() => worker.send(shop, { tenantId, body: email() })));
    await sleep(8_000); // a session lasts six seconds
    expect(worker.results.records.filter(({ json }) => ids.includes(String(json.messageId)))).toEqual([]);
    await cluster.query(`alter database ${database} allow_connections true`);
    await cluster.end();
    for (const id of ids)
      expect(await worker.resultsOf(id)).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
    expect(await worker.letterRows()).toHaveLength(letters);
  }, 60_000);

  it('shares the work with another that comes and goes in the middle of it: each command once', async () => {
    const tenants = await Promise.all(Array.from({ length: 12 }, () => worker.database.addTenant()));
    const records = await Promise.all(
      Array.from({ length: 600 }, (_, at) => signedRecord(shop, { tenantId: tenants[at % 12] ?? '', body: email() })),
    );
    const publishing = (async () => {
      for (let from = 0; from < records.length; from += 50) {
        await worker.publish(
          ...records.slice(from, from + 50).map(({ key, value, headers }) => ({ key, value, headers })),
        );
        await sleep(50);
      }
    })();
    const second = await start(worker.environment);
    await publishing;
    await second.close();
    await worker.results.find(({ json }) => json.messageId === records.at(-1)?.messageId, { withinMs: 30_000 });
    for (const { messageId } of records) {
      const outcomes = (await worker.resultsOf(messageId)).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'rejected')).toEqual([]);
    }
    const { rows } = await worker.database.admin.query<{ events: number; commands: number }>(
      `select count(*)::int as events, count(distinct causation_id)::int as commands from billing.event where tenant_id = any ($1)`,
      [tenants],
    );
    expect(rows[0]).toEqual({ events: 600, commands: 600 });
  }, 90_000);

  it('ends within seconds while it waits for a Postgres that does not come', async () => {
    const { pathname } = new URL(worker.database.adminUrl);
    const cluster = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
    await cluster.connect();
    await cluster.query(`alter database ${pathname.slice(1)} allow_connections false`);
    await cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      pathname.slice(1),
    ]);
    const id = await worker.send(shop, { tenantId, body: email() });
    await sleep(1_000);
    const began = Date.now();
    await worker.stopWorker();
    expect(Date.now() - began).toBeLessThan(8_000);
    await cluster.query(`alter database ${pathname.slice(1)} allow_connections true`);
    await cluster.end();
    await worker.startWorker();
    expect(await worker.resultsOf(id)).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
  }, 60_000);
});
