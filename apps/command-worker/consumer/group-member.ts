import { setTimeout as sleep } from 'node:timers/promises';

import { openConsumer } from '#platform/kafka';
import type { Logger } from '#platform/logging';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';

export interface GroupMemberOptions {
  kafka: Kafka;
  groupId: string;
  topic: string;
  logger: Logger;
  /** Works on one batch; ends early, and without committing it, once `over` says that the partition is no longer this consumer's. */
  read: (payload: EachBatchPayload, over: AbortSignal) => Promise<void>;
}

/** Partitions that are worked on at once in one process. */
const concurrentPartitions = 4;
const maxBytesPerPartition = 1_024 * 1_024;
/** A consumer that has neither fetched nor told the broker that it lives for so long is taken for stuck. */
const stuckAfterMs = 20_000;
const checkEveryMs = 1_000;
const firstPauseMs = 200;
const maxPauseMs = 5_000;
/** How long closing waits for the batch at hand, and for brokers that do not answer. */
const leaveWithinMs = 10_000;

/** This process's place in the group of command workers, held for ever: a consumer that has crashed is replaced by a new one. */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the batch at hand, and leaves the group. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted;) {
      const began = Date.now();
      const error = await this.#consume().catch((failure: unknown) => failure);
      if (signal.aborted) return;
      failures = Date.now() - began > 60_000 ? 1 : failures + 1;
      logger.warn({ error: String(error), failures }, 'reading commands from Kafka failed; joining the group again');
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failures, 10), maxPauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One consumer's life. Gives what ended it. */
  async #consume(): Promise<unknown> {
    const { kafka, groupId } = this.#options;
    const consumer = openConsumer(kafka, { groupId, maxBytesPerPartition });
    const ended = new AbortController();
    const over = AbortSignal.any([ended.signal, this.#closing.signal]);
    const opening = this.#open(consumer, over);
    try {
      return await Promise.race([failureOf(opening), crashOf(consumer), silenceOf(consumer, over)]);
    } finally {
      ended.abort();
      const left = opening.catch(() => undefined).then(() => consumer.disconnect());
      await Promise.race([left.catch(() => undefined), sleep(leaveWithinMs, undefined, { ref: false })]);
    }
  }

  async #open(consumer: Consumer, over: AbortSignal): Promise<void> {
    const { topic, read } = this.#options;
    await consumer.connect();
    if (over.aborted) return;
    await consumer.subscribe({ topic, fromBeginning: true });
    if (over.aborted) return;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrentPartitions,
      eachBatch: (payload) => read(payload, over),
    });
  }
}

/** Resolves with why joining the group failed; never, where it did not. */
const failureOf = (opening: Promise<void>): Promise<unknown> =>
  new Promise((resolve) => {
    opening.catch(resolve);
  });

const crashOf = (consumer: Consumer): Promise<Error> =>
  new Promise((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      resolve(payload.error);
    });
  });

/** Resolves when a consumer shows no sign of life any more, or when it is over with it. */
const silenceOf = async (consumer: Consumer, over: AbortSignal): Promise<Error | undefined> => {
  let aliveAt = Date.now();
  const alive = (): void => {
    aliveAt = Date.now();
  };
  for (const sign of [consumer.events.FETCH, consumer.events.HEARTBEAT, consumer.events.GROUP_JOIN] as const)
    consumer.on(sign, alive);
  while (Date.now() - aliveAt < stuckAfterMs) {
    await sleep(checkEveryMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return undefined;
  }
  return new Error(`the consumer has been silent for ${stuckAfterMs / 1_000} s`);
};
