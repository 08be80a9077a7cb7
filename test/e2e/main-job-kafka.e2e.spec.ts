import { describeWithKafka, testBrokers } from '../kafka/suite.js';

/** The same suite, word for word, on Kafka with every app in a process of its own. */
const brokers = testBrokers();
if (brokers) {
  process.env.KAFKA_BROKERS = brokers.join(',');
  await import('./main-job.e2e.spec.js');
} else {
  describeWithKafka('the main job, on Kafka', () => undefined);
}
