import { randomBytes } from 'node:crypto';

import type { Admin } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';

import { eventPartitions, topics } from '../../libs/contracts/topics.js';

/** The brokers that `npm test` started or was given, if any. */
export const testBrokers = (): string[] | undefined =>
  process.env.TEST_KAFKA_BROKERS ? process.env.TEST_KAFKA_BROKERS.split(',') : undefined;

/**
 * A suite that needs a broker. Without one it is skipped, and its name says why; `npm test` has said so in its first line, and in
 * CI a missing broker has failed the run before jest began.
 */
export const describeWithKafka = (name: string, suite: (brokers: string[]) => void): void => {
  const brokers = testBrokers();
  if (brokers) {
    describe(name, () => {
      suite(brokers);
    });
  } else {
    describe.skip(`${name} (skipped: no Kafka; run it with \`npm test -- PATTERN\`, which starts one)`, () => {
      it('needs a broker', () => undefined);
    });
  }
};

/** A client of the test's own, which says nothing and gives up after ten seconds. */
export const testKafka = (brokers: string[]): Kafka =>
  new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 8 } });

/** A prefix for topics and groups (KAFKA_TOPIC_PREFIX) that no other spec has. */
export const newTopicPrefix = (): string => `t${randomBytes(5).toString('hex')}-`;

export interface TestTopics {
  prefix: string;
  /** Deletes the topics. */
  drop(): Promise<void>;
}

/** As in deploy/kafka/topics.json: append time, and no compression that kafkajs cannot read. */
const configOfCommands = [
  { name: 'message.timestamp.type', value: 'LogAppendTime' },
  { name: 'compression.type', value: 'uncompressed' },
];

/** Events carry their own time, which may be weeks ago: by default the broker would delete them at its next look. */
const keptForEver = [{ name: 'retention.ms', value: '-1' }];

/** Creates the topics of the service under a prefix: 16 partitions of events, 4 of each other topic. */
export const createTopics = async (brokers: string[], prefix = newTopicPrefix()): Promise<TestTopics> => {
  const admin = testKafka(brokers).admin();
  const names = Object.values(topics);
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: false, // kafkajs takes a topic that its broker has not heard of yet for an error
      timeout: 15_000,
      topics: names.map((name) => ({
        topic: `${prefix}${name}`,
        numPartitions: name === topics.events ? eventPartitions : 4,
        configEntries: name === topics.commands ? configOfCommands : keptForEver,
      })),
    });
    await untilServed(
      admin,
      names.map((name) => `${prefix}${name}`),
    );
  } finally {
    await admin.disconnect();
  }
  return { prefix, drop: () => dropTopics(brokers, prefix) };
};

/** Resolves once every partition of new topics has a leader. */
const untilServed = async (admin: Admin, names: string[]): Promise<void> => {
  const isServed = async (): Promise<boolean> => {
    const created = new Set(await admin.listTopics());
    if (!names.every((name) => created.has(name))) return false;
    await Promise.all(names.map((name) => admin.fetchTopicOffsets(name))); // throws where a partition has no leader
    return true;
  };
  for (let tries = 1; !(await isServed().catch(() => false)); tries += 1) {
    if (tries === 100) throw new Error(`the brokers do not serve ${names.join(', ')} ten seconds after it was created`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const dropTopics = async (brokers: string[], prefix: string): Promise<void> => {
  const admin = testKafka(brokers).admin();
  await admin.connect();
  try {
    const existing = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (existing.length > 0) await admin.deleteTopics({ topics: existing, timeout: 15_000 });
  } finally {
    await admin.disconnect();
  }
};
