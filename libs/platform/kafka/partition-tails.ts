import { setTimeout as sleep } from 'node:timers/promises';

import type { Kafka, KafkaJSProtocolError, KafkaMessage } from 'kafkajs';

import { openConsumer } from './client.js';

/** Records of one partition: from the offset `from` on, up to that before `to` at least. */
export interface Tail {
  from: number;
  to: number;
}

export interface TailsQuery {
  kafka: Kafka;
  topic: string;
  /** A group of our own: kafkajs reads in no other way. It commits nothing. */
  groupId: string;
  /** By partition; none of them empty. */
  tails: ReadonlyMap<number, Tail>;
  timeoutMs: number;
}

const pauseMs = 200;

/** The last records of partitions, in order. Throws when they are not read within `timeoutMs`. */
export const readTails = async (query: TailsQuery): Promise<Map<number, KafkaMessage[]>> => {
  const deadline = performance.now() + query.timeoutMs;
  for (;;) {
    const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()));
    try {
      return await readOnce({ ...query, timeoutMs });
    } catch (error) {
      if (!isOfTheMoment(error) || performance.now() + pauseMs > deadline) throw error;
      await sleep(pauseMs);
    }
  }
};

/** Such as a coordinator of groups that a broker, just started, has yet to load: kafkajs gives up the first joining of a group there. */
const isOfTheMoment = (error: unknown): boolean => {
  const { name, retriable } = error as Partial<KafkaJSProtocolError>;
  return name === 'KafkaJSProtocolError' && retriable === true; // the class is no named export of a CommonJS module
};

const readOnce = async (query: TailsQuery): Promise<Map<number, KafkaMessage[]>> => {
  const { kafka, topic, groupId, tails, timeoutMs } = query;
  const consumer = openConsumer(kafka, { groupId });
  const read = new Map([...tails.keys()].map((partition): [number, KafkaMessage[]] => [partition, []]));
  const missing = new Set(tails.keys());
  let timer: NodeJS.Timeout | undefined;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: false });
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the ends of ${tails.size} partitions of ${topic} were not read within ${timeoutMs} ms`));
      }, timeoutMs);
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      const take = (partition: number, messages: readonly KafkaMessage[]): boolean => {
        read.get(partition)?.push(...messages);
        const { to } = tails.get(partition) ?? { to: 0 };
        if (Number(messages.at(-1)?.offset ?? -1) >= to - 1) missing.delete(partition);
        return !missing.has(partition);
      };
      const eachBatch = ({ batch, pause }: { batch: ReadBatch; pause: () => unknown }): Promise<void> => {
        if (take(batch.partition, batch.messages)) pause();
        if (missing.size === 0) resolve();
        return Promise.resolve();
      };
      consumer.run({ autoCommit: false, partitionsConsumedConcurrently: tails.size, eachBatch }).catch(reject);
      for (const [partition, { from }] of tails) consumer.seek({ topic, partition, offset: String(from) });
    });
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return read;
};

interface ReadBatch {
  partition: number;
  messages: readonly KafkaMessage[];
}
