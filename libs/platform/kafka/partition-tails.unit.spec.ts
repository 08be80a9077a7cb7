import type { Kafka } from 'kafkajs';

import { readTails } from './partition-tails.js';

const failing = (retriable: boolean): Error =>
  Object.assign(new Error('The coordinator is loading'), { name: 'KafkaJSProtocolError', retriable });

/** A consumer that joins its group once `failures` are used up, and then has the one record; no real broker fails when it is told to. */
const kafkaOf = (failures: Error[]) => {
  let joined = 0;
  const consumer = () => ({
    events: { CRASH: 'consumer.crash' },
    connect: () => Promise.resolve(),
    subscribe: () => Promise.resolve(),
    on: () => undefined,
    seek: () => undefined,
    disconnect: () => Promise.resolve(),
    run: async ({ eachBatch }: { eachBatch: (given: object) => Promise<void> }) => {
      joined += 1;
      const failure = failures.shift();
      if (failure) throw failure;
      await eachBatch({ batch: { partition: 0, messages: [{ offset: '4' }] }, pause: () => undefined });
    },
  });
  return { kafka: { consumer } as unknown as Kafka, joined: () => joined };
};
const query = { topic: 'topic', groupId: 'group', tails: new Map([[0, { from: 4, to: 5 }]]) };

describe('the ends of partitions', () => {
  it('are read once the coordinator of the group is there', async () => {
    const { kafka, joined } = kafkaOf([failing(true), failing(true)]);
    expect((await readTails({ ...query, kafka, timeoutMs: 10_000 })).get(0)).toEqual([{ offset: '4' }]);
    expect(joined()).toBe(3);
  });

  it('are not asked for again where that helps nobody, or when the time is over', async () => {
    const final = kafkaOf([failing(false)]);
    await expect(readTails({ ...query, kafka: final.kafka, timeoutMs: 10_000 })).rejects.toThrow('is loading');
    expect(final.joined()).toBe(1);
    const late = kafkaOf(Array.from({ length: 100 }, () => failing(true)));
    await expect(readTails({ ...query, kafka: late.kafka, timeoutMs: 500 })).rejects.toThrow('is loading');
    expect(late.joined()).toBeLessThan(5);
  });
});
