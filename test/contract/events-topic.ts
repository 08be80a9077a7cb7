import { topics } from '#contracts';
import type { KafkaSettings } from '#platform/kafka';
import { topicName } from '#platform/kafka';
import type { ISocketFactory } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';

import type { TestDatabase } from '../database/index.js';
import { createTopics } from '../kafka/suite.js';
import { Feeder } from './feeder.js';

/** The events of a test database in a topic of its own, kept up to date by a feeder. */
export interface EventsTopic {
  settings: KafkaSettings;
  topic: string;
  drop(): Promise<void>;
}

export interface EventsTopicOptions {
  brokers: string[];
  /** How the feeder reaches the broker; for a proxy in between. */
  socketFactory?: ISocketFactory;
}

/** Creates the topic under a new prefix and begins to feed it. */
export const createEventsTopic = async (
  { admin: pool }: TestDatabase,
  { brokers, socketFactory }: EventsTopicOptions,
): Promise<EventsTopic> => {
  const created = await createTopics(brokers);
  const settings = { brokers, topicPrefix: created.prefix, tls: undefined, sasl: undefined };
  const topic = topicName(settings, topics.events);
  const options = { clientId: 'contract', brokers, logLevel: logLevel.NOTHING };
  const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 3 };
  const feeder = new Feeder(pool, new Kafka({ ...options, retry, socketFactory }), topic);
  await feeder.start();
  return {
    settings,
    topic,
    drop: async () => {
      await feeder.close();
      await created.drop();
    },
  };
};
