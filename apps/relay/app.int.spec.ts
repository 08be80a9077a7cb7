import { ConfigurationError, readConfiguration } from '#platform/configuration';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { TestTopics } from '../../test/kafka/suite.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import { start } from './main.js';
import { openRelayParts } from './relay.parts.js';
import { appendMany, digestAll, until } from './testing/index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const environment = () => ({
  BILLING_ENV: 'test',
  DATABASE_URL: database.url('billing_relay'),
  LOG_LEVEL: 'silent',
});

describe('the relay as an app', () => {
  it('does not start without Kafka, and says so', async () => {
    await expect(start(environment())).rejects.toThrow(ConfigurationError);
    await expect(start(environment())).rejects.toThrow('KAFKA_BROKERS is required by the relay');
  });
});

describeWithKafka('the relay as an app, with Kafka', (brokers) => {
  let topics: TestTopics;
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  }, 30_000);
  beforeAll(async () => {
    topics = await createTopics(brokers);
  });
  afterAll(() => topics.drop());
  const withKafka = () => ({ ...environment(), KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: topics.prefix });

  it('carries what is appended, gives its shards back when it closes, and tells how far it is', async () => {
    const tenantId = await database.addTenant({ shard: 9 });
    const app = await start(withKafka());
    open.push(app);
    await appendMany(database, tenantId, 9, 30);
    await until(async () => (await digestAll(brokers, topics.prefix)).get(9)?.last === 30, 25_000, 'it is in Kafka');
    await open.pop()?.close();
    const { rows } = await database.admin.query(
      'select shard from billing.relay_lease where owner is not null or expires_at > now() union all select 0 from billing.relay',
    );
    expect(rows).toEqual([]);

    const parts = openRelayParts(readConfiguration(withKafka()));
    open.push(parts, parts.relay);
    await parts.relay.start();
    await appendMany(database, tenantId, 9, 5);
    await parts.relay.whenCaughtUp(25_000);
    const text = await parts.metrics.metrics();
    expect(text).toMatch(/^billing_relay_records_total\{app="relay"\} 5$/m);
    expect(text).toMatch(/^billing_relay_leases\{app="relay"\} 16$/m);
    expect(text).toMatch(/^billing_relay_lag_events\{shard="9",app="relay"\} 0$/m);
    expect(text).toMatch(/^billing_relay_lag_seconds\{shard="9",app="relay"\} 0$/m);
    expect(text).not.toMatch(/^billing_relay_halted\{/m);
  }, 60_000);
});
