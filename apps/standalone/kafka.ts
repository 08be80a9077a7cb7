import { topics } from '#contracts';
import type { KafkaSettings } from '#platform/configuration';
import { openKafka, topicName } from '#platform/kafka';

import { RefusedToStart } from './refusal.js';

/** What the apps read and write. */
const used = [topics.events, topics.commands, topics.results, topics.deadLetters, topics.checkpoints];

/**
 * Looks at the brokers before anything is started on them.
 * @throws RefusedToStart with one line: they do not answer within about ten seconds, or a topic is not there (only who runs
 * the cluster makes topics)
 */
export const checkKafka = async (settings: KafkaSettings): Promise<void> => {
  const admin = openKafka({ settings, clientId: 'billing-standalone', warn: () => undefined }).admin();
  try {
    const existing = new Set(await listTopics(admin));
    const missing = used.map((topic) => topicName(settings, topic)).filter((name) => !existing.has(name));
    if (missing.length > 0) {
      throw new RefusedToStart(
        `KAFKA_BROKERS: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there: run \`npx --no billing topics apply\` first`,
      );
    }
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};

const listTopics = async (admin: { connect(): Promise<void>; listTopics(): Promise<string[]> }): Promise<string[]> => {
  try {
    await admin.connect();
    return await admin.listTopics();
  } catch (error) {
    throw new RefusedToStart(`KAFKA_BROKERS: cannot connect (${(error as Error).message})`);
  }
};
