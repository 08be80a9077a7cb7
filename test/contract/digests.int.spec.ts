import { openLog } from '#log';
import type { KafkaSettings } from '#platform/kafka';
import { createMetrics } from '#platform/metrics';
import { verifyReadModels } from '#projections';

import { project } from '../../apps/projector/project.js';
import { relayFor } from '../../apps/relay/testing/index.js';
import { generateLog } from '../bench/generated-log.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import { createTopics, describeWithKafka } from '../kafka/suite.js';

const events = 3_000;

describeWithKafka('the read models of one log', (brokers) => {
  /** Projects a database's log, and gives each read model's digest. */
  const digestsOf = async (database: TestDatabase, kafka: KafkaSettings | undefined): Promise<Map<string, string>> => {
    const pool = database.pool('billing_projector', { max: 4 });
    const log = openLog({
      pool,
      databaseUrl: database.url('billing_projector'),
      kafka,
      app: 'projector',
      observer: { warn: () => undefined },
    });
    const subscription = await project({ log, metrics: createMetrics('projector') });
    await subscription.whenCaughtUp();
    await log.close();
    const models = await verifyReadModels(pool);
    expect(models.flatMap(({ differences }) => differences)).toEqual([]);
    expect(models.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(events / 10);
    return new Map(models.map(({ model, digest }) => [model, digest]));
  };

  it('have the same digests whether Postgres or Kafka delivered it', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const topic = await createTopics(brokers);
    const relay = relayFor(other, brokers, topic.prefix);
    try {
      await generateLog(one.admin, { events, seed: 7 });
      await generateLog(other.admin, { events, seed: 7 });
      await relay.start();
      await relay.whenCaughtUp(30_000);
      const settings = { brokers, topicPrefix: topic.prefix, tls: undefined, sasl: undefined };
      expect(await digestsOf(other, settings)).toEqual(await digestsOf(one, undefined));
    } finally {
      await relay.close();
      await topic.drop();
      await Promise.all([one.drop(), other.drop()]);
    }
  }, 90_000);
});
