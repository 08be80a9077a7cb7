import { setTimeout as sleep } from 'node:timers/promises';

import type { Consumer, Kafka } from 'kafkajs';
import { randomUUID } from 'node:crypto';

/** A record as a test looks at it. */
export interface ReadRecord {
  key: string;
  headers: Record<string, string>;
  text: string;
  json: Record<string, unknown>;
}

/** Reads everything that is in a topic, and whatever comes. */
export class TopicReader {
  readonly records: ReadRecord[] = [];

  private constructor(private readonly consumer: Consumer) {}

  static async open(kafka: Kafka, topic: string): Promise<TopicReader> {
    const consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 100 });
    const reader = new TopicReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ message: { key, value, headers = {} } }) => {
        const text = value?.toString() ?? '';
        reader.records.push({
          key: key?.toString() ?? '',
          headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)])),
          text,
          json: JSON.parse(text) as Record<string, unknown>,
        });
        return Promise.resolve();
      },
    });
    return reader;
  }

  /** The records that fit, once there are `count` of them. Throws after `withinMs`. */
  async find(fits: (record: ReadRecord) => boolean, { count = 1, withinMs = 20_000 } = {}): Promise<ReadRecord[]> {
    for (const until = Date.now() + withinMs; Date.now() < until; await sleep(20)) {
      const found = this.records.filter(fits);
      if (found.length >= count) return found;
    }
    throw new Error(
      `${this.records.filter(fits).length} of ${count} records came; all: ${this.records.map(({ text }) => text).join('\n')}`,
    );
  }

  close(): Promise<void> {
    return this.consumer.disconnect();
  }
}
