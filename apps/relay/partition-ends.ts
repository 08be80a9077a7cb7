import type { RecordPlace } from '#log';
import { MalformedRecord, placeOf } from '#log';
import { readTails } from '#platform/kafka';
import type { Kafka } from 'kafkajs';

/** The end of one partition. */
export interface PartitionEnd {
  /** Offset of the first record that is still there. */
  low: number;
  /** Offset that the next record gets. */
  high: number;
  /** The last record; undefined in an empty partition. MalformedRecord where the relay did not write it. */
  last: RecordPlace | MalformedRecord | undefined;
}

export interface EndsQuery {
  kafka: Kafka;
  topic: string;
  /** A group of our own: kafkajs reads in no other way. It commits nothing. */
  groupId: string;
  partitions: readonly number[];
  timeoutMs: number;
}

/** The broker that leads each partition. Throws when the topic does not exist or has other partitions than shards. */
export const partitionLeaders = async (kafka: Kafka, topic: string, wanted: number): Promise<Map<number, number>> => {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    // Asked for by name, a topic that is not there is retried by kafkajs for half a minute.
    if (!(await admin.listTopics()).includes(topic)) {
      throw new Error(`there is no topic ${topic} that this relay may see: \`billing topics apply\` creates it`);
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    if (partitions.length !== wanted) {
      throw new Error(
        `${topic} has ${partitions.length} partitions and needs ${wanted}: \`billing topics apply\` says more`,
      );
    }
    return new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  } finally {
    await admin.disconnect();
  }
};

/** Reads the last record of each partition. Throws when that takes longer than `timeoutMs`. */
export const partitionEnds = async (query: EndsQuery): Promise<Map<number, PartitionEnd>> => {
  const ends = await offsetsOf(query);
  const filled = new Map([...ends].filter(([, { low, high }]) => high > low));
  if (filled.size > 0) await readLast(query, filled);
  return ends;
};

const offsetsOf = async ({ kafka, topic, partitions }: EndsQuery): Promise<Map<number, PartitionEnd>> => {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    const offsets = (await admin.fetchTopicOffsets(topic)).filter(({ partition }) => partitions.includes(partition));
    return new Map(
      offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high), last: undefined }]),
    );
  } finally {
    await admin.disconnect();
  }
};

const readLast = async (query: EndsQuery, ends: ReadonlyMap<number, PartitionEnd>): Promise<void> => {
  const { kafka, topic, groupId, timeoutMs } = query;
  const tails = new Map([...ends].map(([partition, { high }]) => [partition, { from: high - 1, to: high }]));
  const read = await readTails({ kafka, topic, groupId, tails, timeoutMs });
  for (const [partition, end] of ends) {
    const message = read.get(partition)?.at(-1);
    if (message) end.last = placeOrFault(message, partition);
  }
};

const placeOrFault = (message: Parameters<typeof placeOf>[0], partition: number): RecordPlace | MalformedRecord => {
  try {
    return placeOf(message, partition);
  } catch (error) {
    if (error instanceof MalformedRecord) return error;
    throw error;
  }
};
