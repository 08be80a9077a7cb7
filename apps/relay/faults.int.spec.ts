import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { ProxiedKafka } from '../../test/kafka/fault-proxy.js';
import { startProxiedKafka } from '../../test/kafka/fault-proxy.js';
import type { TestTopics } from '../../test/kafka/suite.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import type { TestRelay } from './testing/index.js';
import { appendMany, digestAll, heads, readTopic, relayFor, until } from './testing/index.js';

jest.setTimeout(120_000);

/** These specs kill their broker, so they have one of their own. */
describeWithKafka('the relay, when something breaks,', () => {
  let directory: string;
  let kafka: ProxiedKafka;
  let database: TestDatabase;
  let topics: TestTopics;
  let tenants: string[];
  let running: TestRelay[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'billing-kafka-'));
    kafka = await startProxiedKafka({ directory });
  });
  afterAll(async () => {
    await kafka.discard();
  });
  beforeEach(async () => {
    [database, topics] = await Promise.all([createTestDatabase(), createTopics(kafka.brokers)]);
    tenants = await Promise.all(Array.from({ length: 16 }, (_, shard) => database.addTenant({ shard })));
  });
  afterEach(async () => {
    await Promise.all(running.map((relay) => relay.close()));
    running = [];
    await Promise.all([database.drop(), topics.drop()]);
  });

  const started = async (brokers: string[], options: Parameters<typeof relayFor>[3] = {}): Promise<TestRelay> => {
    const relay = relayFor(database, brokers, topics.prefix, { renewMs: 250, ...options });
    running.push(relay);
    await relay.start();
    return relay;
  };
  const append = (count: number) =>
    Promise.all(tenants.map((tenantId, shard) => appendMany(database, tenantId, shard, count)));
  /** Everything is in Kafka, as a consumer sees it who drops repeats: in order and without a gap. */
  const expectComplete = async (): Promise<number> => {
    const wanted = [...(await heads(database.admin))].filter(([, position]) => position > 0);
    const digested = await digestAll(kafka.brokers, topics.prefix);
    expect(new Map([...digested].map(([shard, { last }]) => [shard, last]))).toEqual(new Map(wanted));
    return [...digested.values()].reduce((sum, { repeats }) => sum + repeats, 0);
  };
  const allSent = async (relays: readonly TestRelay[], timeoutMs: number): Promise<void> => {
    const wanted = await heads(database.admin);
    const carried = () => relays.flatMap(({ shards }) => shards);
    await until(
      () => [...wanted].every(([shard, head]) => carried().some((each) => each.shard === shard && each.sent === head)),
      timeoutMs,
      'all is sent',
    );
  };

  it('loses nothing when the broker stores batches and its answers are lost: they are repeated whole', async () => {
    const relay = await started(kafka.proxied);
    await append(100);
    await relay.whenCaughtUp(30_000);
    const [proxy] = kafka.proxies;
    const before = proxy?.dropped ?? 0;
    proxy?.dropProduceAnswers(3);
    for (let at = 0; at < 6; at += 1) await append(30);
    await relay.whenCaughtUp(20_000);
    expect((proxy?.dropped ?? 0) - before).toBe(3);
    expect(await expectComplete()).toBeGreaterThan(0);
    for (const records of (await readTopic(kafka.brokers, topics.prefix)).values()) {
      const ids = new Map<number, string>();
      for (const { position, eventId } of records)
        expect(ids.get(position) ?? eventId).toBe((ids.set(position, eventId), eventId));
    }
  });

  it('goes on by itself after the broker was killed and came back', async () => {
    const relay = await started(kafka.brokers);
    await append(100);
    await relay.whenCaughtUp(30_000);
    await kafka.kill(1);
    await append(100);
    await kafka.restart(1);
    await append(100);
    await allSent([relay], 30_000);
    await expectComplete();
  });

  it('is replaced within seconds when it dies: its leases run out', async () => {
    await append(100);
    await database.admin.query(`update billing.relay_lease set owner = gen_random_uuid(), epoch = 7,
      expires_at = now() + interval '3 s'`);
    await database.admin.query(
      'insert into billing.relay (id, seen_at) select distinct owner, now() from billing.relay_lease',
    );
    const relay = await started(kafka.brokers);
    const from = performance.now();
    await allSent([relay], 12_000);
    expect(performance.now() - from).toBeGreaterThan(2_000);
    expect(new Set(relay.shards.map(({ epoch }) => epoch))).toEqual(new Set([8]));
    await expectComplete();
  });

  it('sends nothing once it could not renew its leases, long before another takes them', async () => {
    const pool = database.pool('billing_relay');
    const query = pool.query.bind(pool);
    let cutOff = false;
    const isRenewal = (config: unknown): boolean =>
      typeof config === 'object' && config !== null && 'name' in config && config.name === 'relay_lives';
    Object.assign(pool, {
      query: (...args: Parameters<typeof query>): unknown =>
        cutOff && isRenewal(args[0]) ? Promise.reject(new Error('cut off')) : query(...args),
    });
    const zombie = await started(kafka.brokers, { pool, leaseMs: 3_000, sendTimeoutMs: 1_500 });
    await append(50);
    await zombie.whenCaughtUp(30_000);
    cutOff = true;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await append(50);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(zombie.shards.map(({ sent }) => sent)).toEqual(tenants.map(() => 50));

    const heir = await started(kafka.brokers, { leaseMs: 3_000, sendTimeoutMs: 1_500 });
    await allSent([heir], 30_000);
    await expectComplete();
    cutOff = false; // it learns of its loss, and shares again
    await until(() => zombie.shards.length === 8 && heir.shards.length === 8, 30_000, 'they share');
    await append(50);
    await allSent([zombie, heir], 30_000);
    await expectComplete();
    for (const records of (await readTopic(kafka.brokers, topics.prefix)).values()) {
      const epochs = records.map(({ epoch }) => epoch);
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    }
  });

  it('leaves its shards to a relay that reaches Kafka while it does not, and takes its part again', async () => {
    const options = { leaseMs: 3_000, sendTimeoutMs: 1_500, illMs: 3_000 };
    const cut = await started(kafka.proxied, options);
    const whole = await started(kafka.brokers, options);
    await until(() => cut.shards.length === 8 && whole.shards.length === 8, 30_000, 'they share');
    await append(50);
    await allSent([cut, whole], 30_000);
    kafka.proxies[0]?.cut();
    for (let at = 0; at < 5; at += 1) await append(20);
    await allSent([whole], 30_000);
    kafka.proxies[0]?.mend();
    await until(() => cut.shards.filter(({ open }) => open).length === 8, 30_000, 'it is back');
    await append(50);
    await allSent([cut, whole], 30_000);
    await expectComplete();
  });
});
