import { setTimeout as sleep } from 'node:timers/promises';

import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';

import { openConsumer } from './client.js';

export interface GroupMemberOptions {
  kafka: Kafka;
  groupId: string;
  topic: string;
  warn: (message: string, context: Record<string, unknown>) => void;
  /**
   * Reads the records of one partition in order. With `autoResolve` its end means that all of them may be gone past. `over` is aborted once
   * the partition is no longer this consumer's: then it ends early and commits nothing.
   */
  read: (payload: EachBatchPayload, over: AbortSignal) => Promise<void>;
  autoResolve: boolean;
  /** The partitions that are this process's from now on; no batch is being read meanwhile. */
  assigned?: (partitions: number[]) => void;
  /** Partitions that are read at once. One that waits in `read` holds up no other's heartbeat. */
  concurrentPartitions: number;
  maxBytesPerPartition: number;
  /** How long closing waits for the batch at hand and for brokers that do not answer; the session time-out tells them the rest. */
  leaveWithinMs: number;
}

/** A consumer that has neither fetched nor told the broker that it lives for so long is taken for stuck. */
const stuckAfterMs = 20_000;
const checkEveryMs = 1_000;
const maxPauseMs = 5_000;
/** One that has lived so long was no failure from the start. */
const steadyMs = 60_000;

/**
 * This process's place in a consumer group, held for ever: a consumer that crashed, was thrown out or got stuck is replaced by a
 * new one, however long the brokers are away. Commits nothing by itself.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #closing = new AbortController();
  #consumer: Consumer | undefined;
  #running: Promise<void> | undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Goes on reading a partition at `offset`. While there is no consumer, it is for the next assignment to say where to begin. */
  seek(partition: number, offset: number): void {
    try {
      this.#consumer?.seek({ topic: this.#options.topic, partition, offset: String(offset) });
    } catch {
      // It has crashed and is not running any more, which is being seen to.
    }
  }

  /** Leaves the group. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { warn, groupId } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted;) {
      const began = Date.now();
      const error = await this.#consume().catch((failure: unknown) => failure);
      if (signal.aborted) return;
      failures = Date.now() - began > steadyMs ? 1 : failures + 1;
      warn('reading from Kafka failed; joining the group again', { group: groupId, failures, error: String(error) });
      const pauseMs = Math.min(100 * 2 ** Math.min(failures, 10), maxPauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One consumer's life. Gives what ended it. */
  async #consume(): Promise<unknown> {
    const { kafka, groupId, maxBytesPerPartition, leaveWithinMs } = this.#options;
    const consumer = openConsumer(kafka, { groupId, maxBytesPerPartition });
    const ended = new AbortController();
    const over = AbortSignal.any([ended.signal, this.#closing.signal]);
    this.#placeOnJoin(consumer);
    const opening = this.#open(consumer, over);
    try {
      return await Promise.race([failureOf(opening), crashOf(consumer), silenceOf(consumer, over)]);
    } finally {
      ended.abort();
      this.#consumer = undefined;
      const left = opening.catch(() => undefined).then(() => consumer.disconnect());
      await Promise.race([left.catch(() => undefined), sleep(leaveWithinMs, undefined, { ref: false })]);
    }
  }

  #placeOnJoin(consumer: Consumer): void {
    const { assigned, topic } = this.#options;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (consumer === this.#consumer) assigned?.(payload.memberAssignment[topic] ?? []);
    });
  }

  /** Joins the group, unless it is `over` before. */
  async #open(consumer: Consumer, over: AbortSignal): Promise<void> {
    const { topic, read, autoResolve, concurrentPartitions } = this.#options;
    await consumer.connect();
    if (over.aborted) return;
    await consumer.subscribe({ topic, fromBeginning: true });
    if (over.aborted) return;
    this.#consumer = consumer;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: autoResolve,
      partitionsConsumedConcurrently: concurrentPartitions,
      eachBatch: async (payload) => {
        if (consumer === this.#consumer) await read(payload, over);
      },
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
