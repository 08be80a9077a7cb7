import { deadLetterContract } from '../../../test/contract/dead-letters.js';
import { createEventsTopic } from '../../../test/contract/events-topic.js';
import { logContract } from '../../../test/contract/log.js';
import type { LogSetUp } from '../../../test/contract/rig.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { describeWithKafka } from '../../../test/kafka/suite.js';
import { KafkaLog } from './kafka-log.js';

describeWithKafka('the Kafka adapter', (brokers) => {
  const setUp = async (): Promise<LogSetUp> => {
    const database = await createTestDatabase();
    const topic = await createEventsTopic(database, { brokers });
    const pool = database.pool('billing_projector', { max: 6 });
    return {
      database,
      open: (observer) => new KafkaLog({ pool, settings: topic.settings, app: 'projector', observer }),
      tearDown: async () => {
        await topic.drop();
        await database.drop();
      },
    };
  };
  logContract('Kafka', setUp);
  deadLetterContract('Kafka', setUp);
});
