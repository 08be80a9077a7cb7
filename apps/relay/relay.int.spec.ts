import type { AccessEvent } from '#domain/access';
import type { TenantEvent } from '#domain/tenant';
import type { EventRow } from '#event-store';
import { appendOver, eventColumns } from '#event-store';

import { randomUUID } from 'node:crypto';

import { jest } from '@jest/globals';

import { rowOf } from '../../libs/log/kafka/record.js';
import { StreamWriter } from '../../test/contract/log-writer.js';
import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { TestTopics } from '../../test/kafka/suite.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import type { TestRelay } from './testing/index.js';
import { appendMany, digestAll, heads, readTopic, relayFor, until } from './testing/index.js';

jest.setTimeout(90_000);

describeWithKafka('the relay', (brokers) => {
  let database: TestDatabase;
  let topics: TestTopics;
  let running: TestRelay[] = [];
  const started = async (options: Parameters<typeof relayFor>[3] = {}): Promise<TestRelay> => {
    const relay = relayFor(database, brokers, topics.prefix, options);
    running.push(relay);
    await relay.start();
    return relay;
  };

  beforeEach(async () => {
    [database, topics] = await Promise.all([createTestDatabase(), createTopics(brokers)]);
  });
  afterEach(async () => {
    await Promise.all(running.map((relay) => relay.close()));
    running = [];
    await Promise.all([database.drop(), topics.drop()]);
  });

  it('carries every event to the partition of its shard, in order, every column and byte of it', async () => {
    const relay = await started();
    const writers = await Promise.all([0, 3, 15].map((shard) => StreamWriter.in(database, shard)));
    for (const writer of writers) {
      const [one, two] = [writer.newStream(), writer.newStream()];
      await writer.append(one, two, one, one, two);
    }
    await relay.whenCaughtUp(30_000);
    const seen = await readTopic(brokers, topics.prefix);
    for (const [partition, records] of seen) {
      const { rows } = await database.admin.query<EventRow>(
        `select ${eventColumns} from billing.event where shard = $1 order by position`,
        [partition],
      );
      expect(records.map(({ message }) => rowOf(message, partition))).toEqual(rows);
      expect(records.map(({ epoch }) => epoch)).toEqual(rows.map(() => 1));
      expect(records.map(({ message }) => message.key?.toString())).toEqual(rows.map((row) => row.stream_id));
    }
    expect(seen.get(3)).toHaveLength(5);
  });

  it('carries what happened at our doors and to a tenant as it carries payments, in the same order', async () => {
    const relay = await started();
    const writer = await StreamWriter.in(database, 3);
    const { tenantId } = writer;
    const append = appendOver(database.pool('billing_api', { max: 1 }));
    const write = async (streamId: string, events: readonly (AccessEvent | TenantEvent)[]): Promise<void> => {
      const commandId = randomUUID();
      const command = { tenantId, commandId, correlationId: commandId, fingerprint: Buffer.from(commandId), streamId };
      const actor = { type: 'system', subject: 'api' } as const;
      expect(await append(3, [{ ...command, expectedVersion: 0, actor, events }])).toMatchObject([{ status: 'ok' }]);
    };
    const came = { channel: 'http', origin: { network: '203.0.113.0/24' }, at: '2026-11-21T12:00:00.000Z' } as const;
    const caller = { kind: 'person', subject: 'auth0|7' } as const;
    await writer.append(writer.newStream());
    await write(`access-${randomUUID()}`, [
      { type: 'AccessDenied', ...came, action: 'payments.list', code: 'token_expired', count: 2, firstAt: came.at },
      { type: 'PrivilegedAccessGranted', ...came, action: 'refunds.create', caller, grant: 'billing:refund' },
    ]);
    await write(`tenant-${tenantId}`, [{ type: 'TenantAdded', tenantId, at: came.at }]);
    await writer.append(writer.newStream());
    await relay.whenCaughtUp(30_000);
    const records = (await readTopic(brokers, topics.prefix)).get(3) ?? [];
    const { rows } = await database.admin.query<EventRow>(
      `select ${eventColumns} from billing.event where shard = 3 order by position`,
    );
    expect(records.map(({ message }) => rowOf(message, 3))).toEqual(rows);
    expect(rows.map(({ type }) => type)).toEqual([
      ...['PaymentCreated', 'AccessDenied', 'PrivilegedAccessGranted', 'TenantAdded', 'PaymentCreated'],
    ]);
  });

  it('goes on where the one before it ended, without a repeat', async () => {
    const tenantId = await database.addTenant({ shard: 2 });
    for (const count of [10, 20, 30]) {
      const relay = await started();
      await appendMany(database, tenantId, 2, count);
      await relay.whenCaughtUp(30_000);
      await relay.close();
    }
    expect(await digestAll(brokers, topics.prefix)).toEqual(new Map([[2, { last: 60, repeats: 0 }]]));
    const seen = await readTopic(brokers, topics.prefix);
    expect(new Set(seen.get(2)?.map(({ epoch }) => epoch))).toEqual(new Set([1, 2, 3]));
    const { rows } = await database.admin.query(
      'select position from billing.checkpoint where consumer = $1 and shard = 2',
      ['relay:events'],
    );
    expect(rows).toEqual([{ position: '60' }]);
  });

  it('shares the shards with a second one, about half each, and nothing is lost or out of order on the way', async () => {
    const tenants = await Promise.all(Array.from({ length: 16 }, (_, shard) => database.addTenant({ shard })));
    const append = (count: number) =>
      Promise.all(tenants.map((tenantId, shard) => appendMany(database, tenantId, shard, count)));
    const one = await started({ renewMs: 200 });
    await until(() => one.shards.length === 16, 20_000, 'the first takes all');
    await append(500);
    const two = await started({ renewMs: 200 });
    for (let at = 0; at < 10; at += 1) await append(50);
    await until(() => one.shards.length === 8 && two.shards.length === 8, 30_000, 'each has half');
    await append(500);
    const wanted = await heads(database.admin);
    await until(
      () => [...one.shards, ...two.shards].every(({ shard, sent }) => sent === wanted.get(shard)),
      40_000,
      'all is sent',
    );
    const digested = await digestAll(brokers, topics.prefix);
    expect([...digested.values()].map(({ last }) => last)).toEqual([...wanted.values()]);

    await two.close();
    running = [one];
    await until(() => one.shards.length === 16, 20_000, 'the first takes over at once what the second gave back');
  });

  it('stops the shards of a topic that belongs to another database, says so once a look, and carries the others', async () => {
    const other = await createTestDatabase();
    const shards = { ahead: 4, foreign: 5, sound: 6 };
    for (const shard of [shards.ahead, shards.foreign]) {
      await appendMany(other, await other.addTenant({ shard }), shard, 50);
      await appendMany(database, await database.addTenant({ shard }), shard, shard === shards.ahead ? 10 : 50);
    }
    await appendMany(database, await database.addTenant({ shard: shards.sound }), shards.sound, 10);
    const stranger = relayFor(other, brokers, topics.prefix);
    await stranger.start();
    await stranger.whenCaughtUp(30_000);
    await stranger.close();
    await other.drop();

    const relay = await started();
    await until(() => relay.halts.length === 2, 30_000, 'both are stopped');
    expect(new Map(relay.halts.map(({ shard, reason }) => [shard, reason]))).toEqual(
      new Map([
        [shards.ahead, 'ahead_of_log'],
        [shards.foreign, 'foreign_record'],
      ]),
    );
    expect(relay.halts.map(({ error }) => error).join()).toMatch(/position 50.*ends at 10/);
    await until(
      () => relay.shards.find(({ shard }) => shard === shards.sound)?.sent === 10,
      20_000,
      'the sound one goes on',
    );
    expect((await readTopic(brokers, topics.prefix)).get(shards.foreign)).toHaveLength(50);
    expect(relay.halts).toHaveLength(2);
  });

  it('stops only the shard of an event that Kafka refuses as too large, however many come with it', async () => {
    const [large, small] = await Promise.all([7, 8].map((shard) => database.addTenant({ shard })));
    await appendMany(database, large ?? '', 7, 5);
    await appendMany(database, large ?? '', 7, 1, 1_200_000);
    await appendMany(database, large ?? '', 7, 5);
    await appendMany(database, small ?? '', 8, 20);
    const relay = await started();
    await until(() => relay.halts.length === 1, 30_000, 'it is stopped');
    expect(relay.halts[0]).toMatchObject({ shard: 7, reason: 'oversized_record' });
    expect(relay.halts[0]?.error).toMatch(/position 6 of shard 7 has 12\d{5} bytes.*max.message.bytes/);
    await until(() => relay.shards.find(({ shard }) => shard === 8)?.sent === 20, 20_000, 'the other goes on');
    const seen = await digestAll(brokers, topics.prefix);
    expect([seen.get(7)?.last, seen.get(8)?.last]).toEqual([5, 20]);
  });

  it('carries what it took without learning of it, because the answer of Postgres was lost', async () => {
    const pool = database.pool('billing_relay');
    const query = pool.query.bind(pool);
    let lost = 0;
    const isTaking = (config: unknown): boolean =>
      typeof config === 'object' && config !== null && 'name' in config && config.name === 'take_leases';
    Object.assign(pool, {
      query: async (...args: Parameters<typeof query>): Promise<unknown> => {
        const result = await (query(...args) as unknown as Promise<unknown>);
        if (!isTaking(args[0]) || lost > 0) return result;
        lost += 1;
        throw new Error('the connection was lost');
      },
    });
    await appendMany(database, await database.addTenant({ shard: 1 }), 1, 10);
    const relay = await started({ pool });
    await relay.whenCaughtUp(30_000);
    expect([lost, relay.shards.length, relay.shards[0]?.epoch]).toEqual([1, 16, 1]);
  });

  it('waits for a topic that is not there, and says which', async () => {
    await topics.drop();
    const relay = await started();
    await until(() => relay.said.length > 0, 30_000, 'it says something');
    expect(relay.said.join()).toMatch(/there is no topic t\w+-billing.events.v1/);
    await createTopics(brokers, topics.prefix);
    await until(() => relay.shards.filter(({ open }) => open).length === 16, 30_000, 'it goes on');
  });

  it('carries a large backlog and never holds more than a bounded part of it', async () => {
    const backlog = 32_000;
    const tenants = await Promise.all([0, 1, 2, 3].map((shard) => database.addTenant({ shard })));
    await Promise.all(tenants.map((tenantId, shard) => appendMany(database, tenantId, shard, backlog / 4, 700)));
    const relay = await started();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(
        most,
        relay.shards.reduce((sum, { waiting }) => sum + waiting, 0),
      );
    }, 1);
    await relay.whenCaughtUp(60_000);
    clearInterval(watch);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(10_000);
    const digested = [...(await digestAll(brokers, topics.prefix)).values()];
    expect(digested).toEqual(tenants.map(() => ({ last: backlog / 4, repeats: 0 })));
  });
});
