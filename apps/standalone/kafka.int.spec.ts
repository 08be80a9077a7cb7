import { createTopics, describeWithKafka, newTopicPrefix } from '../../test/kafka/suite.js';
import { checkKafka } from './kafka.js';
import { isFree } from './ports.js';
import { RefusedToStart } from './refusal.js';

const settingsOf = (brokers: string[], topicPrefix = '') => ({ brokers, topicPrefix, tls: undefined, sasl: undefined });

describe('brokers that do not answer', () => {
  it('are refused in one line', async () => {
    expect(await isFree(9)).toBe(true); // the discard service, which nobody runs any more
    const refused = checkKafka(settingsOf(['127.0.0.1:9']));
    await expect(refused).rejects.toThrow(RefusedToStart);
    await expect(refused).rejects.toThrow(/^KAFKA_BROKERS: cannot connect \(.*ECONNREFUSED.*\)$/);
  }, 30_000);
});

describeWithKafka('brokers that answer', (brokers) => {
  it('must have the topics, which who runs the cluster makes', async () => {
    const prefix = newTopicPrefix();
    await expect(checkKafka(settingsOf(brokers, prefix))).rejects.toThrow(
      `${prefix}billing.checkpoints.v1 are not there: run \`npx --no billing topics apply\` first`,
    );
    const topics = await createTopics(brokers, prefix);
    await expect(checkKafka(settingsOf(brokers, prefix))).resolves.toBeUndefined();
    await topics.drop();
  });
});
