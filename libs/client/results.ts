import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Batch, Consumer, Kafka } from 'kafkajs';

import { backoffMs, within } from './bounds.js';
import { ClientClosed, ResultsUnavailable, TooManyPending } from './errors.js';
import type { CommandResult } from './generated/command-result.js';

interface Awaited {
  messageId: string;
  /** In ms of Date.now(). */
  since: number;
  result: Promise<CommandResult>;
  came: (result: CommandResult) => void;
  failed: (error: Error) => void;
}

const mostAwaited = 10_000;
/** A result that has not come by then is learned by sending the command again. */
const awaitedForMs = 15 * 60_000;
const startLimitMs = 30_000;
/** How long a reader that lost its brokers tries before it says so. */
const recoverLimitMs = 60_000;

/**
 * Reads the results of this process's own commands. Every partition is read from where it ended before the first command was
 * sent, so that no result is missed. The consumer group is its own, commits nothing and vanishes with it; after a failure it reads on in
 * another, which needs not wait until the brokers have given up the member of before.
 */
export class ResultReader {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #groupPrefix: string;
  readonly #awaited = new Map<string, Awaited>();
  /** The next offset of each partition. */
  readonly #next = new Map<number, string>();
  #consumer: Consumer | undefined;
  #started: Promise<void> | undefined;
  #closed = false;

  /** `groupPrefix` is what the ACLs allow this service's groups to begin with. */
  constructor(kafka: Kafka, topic: string, groupPrefix: string) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#groupPrefix = groupPrefix;
  }

  /**
   * Resolves once no result of a command sent from now on can be missed. Throws ResultsUnavailable with `messageId`; the next call begins
   * again.
   */
  async ready(messageId: string): Promise<void> {
    if (this.#closed) throw new ClientClosed(messageId);
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    try {
      await within(this.#started, startLimitMs, () => new Error('no answer in time'));
    } catch (error) {
      throw new ResultsUnavailable(error, messageId);
    }
  }

  /** The first result of a command that comes from now on. Throws TooManyPending. The promise rejects only if results cannot be read any more. */
  expect(commandId: string, messageId: string): Promise<CommandResult> {
    this.#forgetOld();
    const earlier = this.#awaited.get(commandId);
    if (earlier) {
      this.#awaited.delete(commandId); // to the end: entries are in the order of their age
      this.#awaited.set(commandId, { ...earlier, since: Date.now() });
      return earlier.result;
    }
    if (this.#awaited.size >= mostAwaited) throw new TooManyPending(mostAwaited, messageId);
    const { promise: result, resolve: came, reject: failed } = Promise.withResolvers<CommandResult>();
    result.catch(() => undefined); // whoever sends may not care about the result
    this.#awaited.set(commandId, { messageId, since: Date.now(), result, came, failed });
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#failAll((messageId) => new ClientClosed(messageId));
    await this.#started?.catch(() => undefined);
    await this.#consumer?.disconnect();
  }

  async #start(): Promise<void> {
    await this.#fixBeginning();
    await this.#join();
  }

  /** Resolves once every partition is read from `#next` on. */
  async #join(): Promise<void> {
    const consumer = this.#kafka.consumer({
      groupId: `${this.#groupPrefix}.${randomUUID()}`,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: 500, // closing waits for the fetch at hand
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer = consumer;
    const joined = Promise.withResolvers<undefined>();
    let hasJoined = false;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      for (const partition of memberAssignment[this.#topic] ?? []) {
        consumer.seek({ topic: this.#topic, partition, offset: this.#next.get(partition) ?? '0' });
      }
      hasJoined = true;
      joined.resolve(undefined);
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      joined.reject(error);
      if (hasJoined) void this.#recover(error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.#topic, fromBeginning: false });
      await consumer.run({ autoCommit: false, eachBatch: ({ batch }) => Promise.resolve(this.#read(batch)) });
      await joined.promise;
      if (this.#closed) throw new ClientClosed();
    } catch (error) {
      await consumer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** Joins again after a failure, and fails what is awaited when that takes too long. */
  async #recover(cause: Error): Promise<void> {
    const until = Date.now() + recoverLimitMs;
    for (let failures = 0; !this.#closed && Date.now() < until; failures += 1) {
      try {
        await sleep(backoffMs(failures));
        await this.#join();
        return;
      } catch {
        // The next try comes, or the time is over.
      }
    }
    this.#started = undefined;
    this.#failAll((messageId) => new ResultsUnavailable(cause, messageId));
  }

  /** Where each partition ends now. */
  async #fixBeginning(): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const ends = await admin.fetchTopicOffsets(this.#topic).catch((error: unknown) => {
        throw isUnknownTopic(error)
          ? new Error(`there is no topic ${this.#topic}: check topicPrefix`, { cause: error })
          : error;
      });
      for (const { partition, high } of ends) this.#next.set(partition, high);
    } finally {
      await admin.disconnect();
    }
  }

  #read(batch: Batch): void {
    for (const { key, value } of batch.messages) {
      const commandId = key?.toString() ?? '';
      const awaited = this.#awaited.get(commandId);
      if (!awaited) continue;
      this.#awaited.delete(commandId);
      try {
        awaited.came(JSON.parse(value?.toString() ?? '') as CommandResult);
      } catch (error) {
        awaited.failed(new ResultsUnavailable(error, awaited.messageId));
      }
    }
    this.#next.set(batch.partition, String(BigInt(batch.lastOffset()) + 1n));
  }

  #forgetOld(): void {
    for (const [commandId, { since }] of this.#awaited) {
      if (Date.now() - since < awaitedForMs) return;
      this.#awaited.delete(commandId);
    }
  }

  #failAll(errorOf: (messageId: string) => Error): void {
    for (const { messageId, failed } of this.#awaited.values()) failed(errorOf(messageId));
    this.#awaited.clear();
  }
}

/** kafkajs wraps what it has tried a few times. */
const isUnknownTopic = (error: unknown): boolean => {
  const { type, cause } = error as { type?: string; cause?: { type?: string } };
  return [type, cause?.type].includes('UNKNOWN_TOPIC_OR_PARTITION');
};
