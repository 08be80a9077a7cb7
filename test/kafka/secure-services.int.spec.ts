import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { topics } from '#contracts';
import { appendOver, shardForNewTenant } from '#event-store';
import { CheckpointWatch } from '#log';
import { openKafka, openProducer } from '#platform/kafka';
import { readModelsConsumer } from '#projections';

import { applyFiles } from '../../apps/cli/topics/index.js';
import { start as startWorker } from '../../apps/command-worker/main.js';
import { start as startGateway } from '../../apps/gateway/main.js';
import { start as startProjector } from '../../apps/projector/main.js';
import { start as startRelay } from '../../apps/relay/main.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import type { SecureKafka } from './secure.js';
import { startSecureKafka } from './secure.js';
import { describeWithKafka } from './suite.js';

/** The apps that talk to Kafka, in the order of their start. */
const apps = { relay: startRelay, projector: startProjector, gateway: startGateway, 'command-worker': startWorker };

describeWithKafka('the services, each with its own login, under the reviewed ACLs', () => {
  let kafka: SecureKafka;
  let database: TestDatabase;
  let folder = '';
  const running: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'billing-secure-services-'));
    const principals = Object.keys(apps).map((app) => `billing-${app}`);
    [kafka, database] = await Promise.all([
      startSecureKafka({ directory: join(folder, 'kafka'), principals }),
      createTestDatabase(),
    ]);
    await applyFiles(kafka.settings(), { file: 'deploy/kafka/topics.json', acls: 'deploy/kafka/acls.json' });
    for (const [app, start] of Object.entries(apps)) {
      running.push(
        await start({
          ...kafka.environment(`billing-${app}`),
          BILLING_ENV: 'test',
          BILLING_DATA_DIR: folder,
          DATABASE_URL: database.url(`billing_${app.replaceAll('-', '_')}`),
          LOG_LEVEL: 'silent',
          ...(app === 'gateway' && { STRIPE_API_BASE: 'http://127.0.0.1:9', STRIPE_API_KEY: 'sk_test_none' }),
        }),
      );
    }
  }, 120_000);
  afterAll(async () => {
    for (const app of running.reverse()) await app.close();
    await kafka.discard();
    await database.drop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('carry an event from the table to those who read the log', async () => {
    const tenantId = await database.addTenant();
    const [paymentId, commandId] = [randomUUID(), randomUUID()];
    const shard = shardForNewTenant(tenantId);
    const money = { amount: 5_000, currency: 'usd', captureMethod: 'automatic' };
    const at = new Date().toISOString();
    const created = { type: 'PaymentCreated', paymentId, customerId: randomUUID(), ...money, at };
    const api = database.pool('billing_api');
    const [appended] = await appendOver(api)(shard, [
      {
        tenantId,
        commandId,
        fingerprint: Buffer.from('same'),
        streamId: `payment-${paymentId}`,
        expectedVersion: 0,
        events: [created],
        correlationId: commandId,
        actor: { type: 'system', subject: 'tester' },
      },
    ]);
    expect(appended).toMatchObject({ status: 'ok', position: 1 });
    for (const consumer of [readModelsConsumer, 'gateway:intake'])
      expect([consumer, await new CheckpointWatch(api, consumer).reached(shard, 1, 20_000)]).toEqual([consumer, true]);
  }, 60_000);

  it('take a command in, and set aside what is none', async () => {
    const producer = openProducer(openKafka({ settings: kafka.settings(), clientId: 'spec', warn: () => undefined }));
    await producer.connect();
    await producer.send({ topic: topics.commands, acks: -1, messages: [{ key: randomUUID(), value: 'no command' }] });
    await producer.disconnect();
    const admin = openKafka({ settings: kafka.settings(), clientId: 'spec', warn: () => undefined }).admin();
    await admin.connect();
    const letters = async (): Promise<number> =>
      (await admin.fetchTopicOffsets(topics.deadLetters)).reduce((sum, { offset }) => sum + Number(offset), 0);
    for (const until = Date.now() + 20_000; (await letters()) === 0 && Date.now() < until;) await sleep(100);
    expect(await letters()).toBe(1);
    await admin.disconnect();
  }, 60_000);
});
