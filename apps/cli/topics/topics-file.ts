import { readFileSync } from 'node:fs';

import { eventPartitions, topics } from '#contracts';
import { ConfigurationError } from '#platform/configuration';

/** A topic as it is wanted. Names are without KAFKA_TOPIC_PREFIX. */
export interface WantedTopic {
  name: string;
  partitions: number;
  /** Settings of the topic by Kafka's names; what is not here stays as it is. */
  config: Record<string, string>;
}

/** What `deploy/kafka/topics.json` says. */
export interface TopicsFile {
  /** Copies of each partition, where there are as many brokers. */
  replicationFactor: number;
  /** Copies that must have a record before it counts as stored, where there are more copies than that. */
  minInsyncReplicas: number;
  topics: WantedTopic[];
}

/**
 * Reads a JSON file of this repository's `deploy/kafka` or of the operator.
 * Throws ConfigurationError naming the file where it cannot be read, and `check` where it says something wrong.
 */
export const readJson = <T>(file: string, check: (content: unknown) => asserts content is T): T => {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    check(content);
    return content;
  } catch (error) {
    throw new ConfigurationError(`${file}: ${(error as Error).message}`);
  }
};

const known = new Set<string>(Object.values(topics));
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws with a line that says what is wrong. `min.insync.replicas` follows the copies and is no topic's own. */
export function assertTopicsFile(content: unknown): asserts content is TopicsFile {
  if (!isRecord(content) || !Array.isArray(content.topics))
    throw new Error('it must be an object with `topics`, a list');
  for (const name of ['replicationFactor', 'minInsyncReplicas']) {
    if (!isCount(content[name])) throw new Error(`${name} must be a whole number from 1`);
  }
  const seen = new Set<string>();
  for (const topic of content.topics as unknown[]) {
    if (!isRecord(topic) || typeof topic.name !== 'string' || !known.has(topic.name))
      throw new Error(`each topic must have a name of the contract: ${[...known].join(', ')}`);
    const { name, partitions, config } = topic;
    if (seen.has(name)) throw new Error(`${name} is there twice`);
    seen.add(name);
    if (!isCount(partitions)) throw new Error(`${name}: partitions must be a whole number from 1`);
    if (name === topics.events && partitions !== eventPartitions)
      throw new Error(`${name}: partitions must be ${eventPartitions}: one a shard, and shards are fixed for life`);
    if (!isRecord(config) || !Object.values(config).every((value) => typeof value === 'string'))
      throw new Error(`${name}: config must be an object of strings`);
    if ('min.insync.replicas' in config)
      throw new Error(`${name}: min.insync.replicas follows from minInsyncReplicas of the file`);
  }
}
