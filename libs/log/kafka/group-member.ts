import { setTimeout as sleep } from 'node:timers/promises';

import { openConsumer } from '#platform/kafka';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';

import type { LogObserver } from '../port.js';

export interface GroupMemberOptions {
  kafka: Kafka;
  groupId: string;
  topic: string;
  observer: LogObserver;
  /** The partitions that are this process's from now on; no batch is being read meanwhile. */
  assigned: (partitions: number[]) => void;
  /** Reads the records of one partition in order; resolving means that all of them may be gone past. */
  read: (payload: EachBatchPayload) => Promise<void>;
}

/** A consumer that has neither fetched nor told the broker that it lives for so long is taken for stuck. */
const stuckAfterMs = 20_000;
const checkEveryMs = 1_000;
const maxBackoffMs = 5_000;
/** How long closing waits for a broker that does not answer; the session time-out then tells it the rest. */
const leaveWithinMs = 1_000;
/** Little enough that sixteen partitions are a few megabytes, large enough for a few hundred events. */
const maxBytesPerPartition = 256 * 1024;

/**
 * This process's place in a consumer group, held for ever: a consumer that crashed, was thrown out or got stuck is replaced by a
 * new one, however long the brokers are away.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #stop = new AbortController();
  #consumer: Consumer | undefined;
  #running: Promise<void> | undefined;
  #aliveAt = 0;
  #failures = 0;

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

  /** Leaves the group, within about a second even if no broker answers. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { observer, groupId } = this.#options;
    while (!this.#stop.signal.aborted) {
      const error = await this.#consume().catch((failure: unknown) => failure);
      if (this.#stop.signal.aborted) return;
      this.#failures += 1;
      observer.warn('reading the log from Kafka failed; joining the group again', {
        group: groupId,
        failures: this.#failures,
        error: String(error),
      });
      const backoffMs = Math.min(100 * 2 ** this.#failures, maxBackoffMs);
      await sleep(backoffMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** One consumer's life. Gives what ended it. */
  async #consume(): Promise<unknown> {
    const { kafka, groupId } = this.#options;
    const consumer = openConsumer(kafka, { groupId, maxBytesPerPartition });
    const crashed = this.#listen(consumer);
    const over = new AbortController();
    const opening = this.#open(consumer, over.signal);
    try {
      const opened = opening.then(() => crashed);
      return await Promise.race([opened, crashed, this.#stuck(over.signal)]);
    } finally {
      over.abort();
      this.#consumer = undefined;
      const left = opening.catch(() => undefined).then(() => consumer.disconnect());
      await Promise.race([left.catch(() => undefined), sleep(leaveWithinMs)]);
    }
  }

  /** Joins the group, unless it is `over` before. */
  async #open(consumer: Consumer, over: AbortSignal): Promise<void> {
    await consumer.connect();
    if (over.aborted) return;
    await consumer.subscribe({ topic: this.#options.topic, fromBeginning: true });
    if (over.aborted) return;
    this.#consumer = consumer;
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 16, // a partition that waits for room holds up no other's heartbeat
      eachBatch: async (payload) => {
        if (consumer === this.#consumer) await this.#options.read(payload);
      },
    });
  }

  /** Resolves with what the consumer crashed of. */
  #listen(consumer: Consumer): Promise<Error> {
    const { topic, assigned } = this.#options;
    const alive = (): void => {
      this.#aliveAt = Date.now();
    };
    alive();
    consumer.on(consumer.events.FETCH, alive);
    consumer.on(consumer.events.HEARTBEAT, alive);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      alive();
      if (consumer !== this.#consumer) return;
      this.#failures = 0;
      assigned(payload.memberAssignment[topic] ?? []);
    });
    return new Promise((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        resolve(payload.error);
      });
    });
  }

  /** Resolves when the consumer shows no sign of life, or when this member is closed. */
  async #stuck(over: AbortSignal): Promise<unknown> {
    const signal = AbortSignal.any([over, this.#stop.signal]);
    while (Date.now() - this.#aliveAt < stuckAfterMs) {
      await sleep(checkEveryMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
    }
    return new Error(`the consumer has been silent for ${stuckAfterMs / 1_000} s`);
  }
}
