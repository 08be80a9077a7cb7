import { topics } from '#contracts';
import { ConfigurationError } from '#platform/configuration';
import type { Admin, IResourceConfigEntry } from 'kafkajs';
import kafkajs from 'kafkajs';

import type { TopicsFile, WantedTopic } from './topics-file.js';

// A CommonJS module, whose names Node sees only in part.
const { ConfigResourceTypes } = kafkajs;

/** DescribeConfigs' word for a setting that was made for the topic, not inherited. */
const setOnTopic = 1;

/** One difference between the cluster and the file. */
export interface TopicChange {
  /** The name in the cluster. */
  topic: string;
  setting: string;
  /** undefined: not there, or inherited from the broker's default, which `from` cannot tell */
  from: string | undefined;
  to: string;
  /** `by hand`: Kafka does this by a reassignment of partitions, which is no business of this command. */
  action: 'create' | 'set' | 'add partitions' | 'by hand';
}

/** A topic of the cluster. */
export interface FoundTopic {
  partitions: number;
  replicationFactor: number;
  /** What holds, by Kafka's names. */
  config: Map<string, string>;
  /** Those that were set on the topic itself: an alteration that leaves one out takes it back. */
  ownSettings: IResourceConfigEntry[];
}

/** A topic, with what the size of this cluster makes of the file's words. */
export interface PlannedTopic {
  name: string;
  partitions: number;
  replicationFactor: number;
  config: Record<string, string>;
  found: FoundTopic | undefined;
  changes: TopicChange[];
}

/** Looks at the topics of these names; those that the cluster does not have are left out. */
export const findTopics = async (admin: Admin, names: readonly string[]): Promise<Map<string, FoundTopic>> => {
  const existing = new Set(await admin.listTopics());
  const present = names.filter((name) => existing.has(name));
  if (present.length === 0) return new Map();
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: present });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    metadata.map(({ name, partitions }) => {
      const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      const own = entries.filter(({ configSource }) => (configSource as number) === setOnTopic);
      const found: FoundTopic = {
        partitions: partitions.length,
        replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        config: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
        ownSettings: own.map(({ configName, configValue }) => ({ name: configName, value: configValue })),
      };
      return [name, found];
    }),
  );
};

export interface PlanOptions {
  file: TopicsFile;
  prefix: string;
  /** Of the cluster. */
  brokers: number;
  /** Instead of the file's. */
  replicationFactor?: number | undefined;
  found: ReadonlyMap<string, FoundTopic>;
}

/**
 * Compares. Throws ConfigurationError for what must not be done: fewer partitions than there are, another number of
 * `billing.events.v1`, more copies than brokers.
 */
export const planTopics = ({ file, prefix, brokers, replicationFactor, found }: PlanOptions): PlannedTopic[] => {
  if (replicationFactor !== undefined && replicationFactor > brokers)
    throw new ConfigurationError(`${replicationFactor} copies need as many brokers, and this cluster has ${brokers}`);
  const copies = replicationFactor ?? Math.min(file.replicationFactor, brokers);
  return file.topics.map((wanted) => {
    const name = `${prefix}${wanted.name}`;
    const there = found.get(name);
    const inSync = Math.max(1, Math.min(file.minInsyncReplicas, (there?.replicationFactor ?? copies) - 1));
    const config = { ...wanted.config, 'min.insync.replicas': String(inSync) };
    const planned = { name, partitions: wanted.partitions, replicationFactor: copies, config, found: there };
    return { ...planned, changes: there ? differences(wanted, planned, there) : creation(planned) };
  });
};

const creation = ({ name, partitions, replicationFactor }: Omit<PlannedTopic, 'changes'>): TopicChange[] => [
  {
    topic: name,
    setting: 'topic',
    from: undefined,
    to: `${partitions} partition${partitions === 1 ? '' : 's'}, ${replicationFactor} ${replicationFactor === 1 ? 'copy' : 'copies'}`,
    action: 'create',
  },
];

const differences = (wanted: WantedTopic, planned: Omit<PlannedTopic, 'changes'>, there: FoundTopic): TopicChange[] => {
  const { name: topic, partitions, replicationFactor, config } = planned;
  const changes: TopicChange[] = [];
  if (there.partitions !== partitions) {
    const counts = `${topic} has ${there.partitions} partitions and should have ${partitions}`;
    if (wanted.name === topics.events)
      throw new ConfigurationError(
        `${counts}: a partition is a shard, and moving events between them breaks their order; this is not the topic that billing wrote`,
      );
    if (there.partitions > partitions)
      throw new ConfigurationError(`${counts}: Kafka cannot take partitions away; correct the file`);
    changes.push({
      topic,
      setting: 'partitions',
      from: String(there.partitions),
      to: String(partitions),
      action: 'add partitions',
    });
  }
  if (there.replicationFactor < replicationFactor) {
    changes.push({
      topic,
      setting: 'copies',
      from: String(there.replicationFactor),
      to: String(replicationFactor),
      action: 'by hand',
    });
  }
  for (const [setting, to] of Object.entries(config)) {
    const from = there.config.get(setting);
    if (from !== to) changes.push({ topic, setting, from, to, action: 'set' });
  }
  return changes;
};

/** Makes the cluster as planned; what has to be done by hand is left. Nothing is ever deleted. */
export const applyTopics = async (admin: Admin, plan: readonly PlannedTopic[]): Promise<void> => {
  const missing = plan.filter(({ found }) => found === undefined);
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, partitions, replicationFactor, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
    });
  }
  const grown = plan.filter(({ changes }) => changes.some(({ action }) => action === 'add partitions'));
  if (grown.length > 0) {
    await admin.createPartitions({
      topicPartitions: grown.map(({ name, partitions }) => ({ topic: name, count: partitions })),
    });
  }
  const altered = plan.filter(({ changes }) => changes.some(({ action }) => action === 'set'));
  if (altered.length > 0) {
    await admin.alterConfigs({
      validateOnly: false,
      resources: altered.map(({ name, config, found }) => ({
        type: ConfigResourceTypes.TOPIC,
        name,
        configEntries: [
          ...(found?.ownSettings ?? []).filter((entry) => !(entry.name in config)),
          ...Object.entries(config).map(([key, value]) => ({ name: key, value })),
        ],
      })),
    });
  }
};
