import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startKafka } from './index.js';
import { createTopics, describeWithKafka, testKafka } from './suite.js';

/** A producer of kafkajs gives up when the broker it meets first is gone: each try has its own. */
const produce = async (brokers: string[], topic: string, value: string): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    const producer = testKafka(brokers).producer({ createPartitioner: () => () => 3 });
    try {
      await producer.connect();
      await producer.send({ topic, acks: -1, messages: [{ value }] });
      return;
    } catch (error) {
      if (tries === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    } finally {
      await producer.disconnect();
    }
  }
};

/** A broker that has just started is in the cluster a moment later. */
const brokersOf = async (admin: ReturnType<ReturnType<typeof testKafka>['admin']>): Promise<number> => {
  let { brokers } = await admin.describeCluster();
  for (let tries = 1; brokers.length < 3 && tries < 40; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    ({ brokers } = await admin.describeCluster());
  }
  return brokers.length;
};

/** A cluster that has just started may hand partitions to their first replicas, and those who ask meanwhile are sent away. */
const oncePartitionsAreLed = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
};

describeWithKafka('three brokers of our own', () => {
  it('keep what they acknowledged through the death of one, which comes back; what was stopped starts again', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'billing-kafka-'));
    const first = await startKafka({ directory, brokers: 3 });
    try {
      const { prefix } = await createTopics(first.brokers);
      const topic = `${prefix}billing.events.v1`;
      await produce(first.brokers, topic, 'before');
      await first.kill(1);
      await produce(first.brokers, topic, 'meanwhile');
      await first.restart(1);
      await first.stop();

      const second = await startKafka({ directory, brokers: 3 });
      expect(second.brokers).toEqual(first.brokers);
      const admin = testKafka(second.brokers).admin();
      await admin.connect();
      expect(await brokersOf(admin)).toBe(3);
      const offsets = await oncePartitionsAreLed(() => admin.fetchTopicOffsets(topic));
      expect(offsets.find(({ partition }) => partition === 3)?.high).toBe('2');
      await admin.disconnect();
    } finally {
      await first.discard();
    }
  }, 90_000);

  it('are refused in a directory that holds another number of them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'billing-kafka-'));
    const kafka = await startKafka({ directory });
    try {
      await expect(startKafka({ directory, brokers: 3 })).rejects.toThrow('holds 1 brokers and not 3');
      await expect(startKafka({ directory })).rejects.toThrow('stop it first');
    } finally {
      await kafka.discard();
    }
  }, 60_000);
});
