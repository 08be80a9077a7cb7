import { setTimeout as sleep } from 'node:timers/promises';

import type { Message, Producer } from 'kafkajs';

import { backoffMs, within } from './bounds.js';
import { ClientClosed, SendFailed, TooManyPending } from './errors.js';

/** A command that waits for its turn. */
export interface Outgoing {
  messageId: string;
  /** Of the value. */
  bytes: number;
  /** Makes the record when its turn has come, so that its signature is fresh. */
  record: () => Promise<Message>;
}

interface Queued extends Outgoing {
  /** When to give up, in ms of Date.now(). */
  deadline: number;
  stored: () => void;
  failed: (error: Error) => void;
}

type Made = Queued & { message: Message };

const mostWaiting = 10_000;
/** Commands in one request: at 64 KiB each and with headers, well below what a broker takes. */
const largestBatch = { commands: 500, bytes: 512 * 1024 };

/**
 * Sends records in order. What comes while a request is in flight forms the next one, and a request that fails is tried again before
 * any other is sent, so that commands are stored in the order in which they were given. A repeat is harmless: the message id is the same.
 */
export class Sender {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #queue: Queued[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  /** Resolves once the brokers have stored the record. Throws SendFailed after `limitMs`, TooManyPending, ClientClosed. */
  async send(outgoing: Outgoing, limitMs: number): Promise<void> {
    const { messageId } = outgoing;
    if (this.#closed) throw new ClientClosed(messageId);
    if (this.#queue.length >= mostWaiting) throw new TooManyPending(mostWaiting, messageId);
    const { promise, resolve: stored, reject: failed } = Promise.withResolvers<void>();
    this.#queue.push({ ...outgoing, deadline: Date.now() + limitMs, stored, failed });
    this.#running ??= this.#run();
    await within(promise, limitMs, () => new SendFailed(messageId, undefined));
  }

  /** Ends after the request in flight; what waits behind it fails with ClientClosed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { messageId, failed } of this.#queue.splice(0)) failed(new ClientClosed(messageId));
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is sent in the same turn goes together
    while (this.#queue.length > 0) await this.#sendBatch(this.#nextBatch());
    this.#running = undefined;
  }

  #nextBatch(): Queued[] {
    let [count, total] = [0, 0];
    for (const { bytes } of this.#queue) {
      total += bytes;
      if (count > 0 && (count >= largestBatch.commands || total > largestBatch.bytes)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** The batch with its records; one that cannot be made fails alone. */
  async #made(batch: Queued[]): Promise<Made[]> {
    const made = batch.map(async (queued) => {
      try {
        return [{ ...queued, message: await queued.record() }];
      } catch (error) {
        queued.failed(error as Error);
        return [];
      }
    });
    return (await Promise.all(made)).flat();
  }

  /** Tries until the records are stored, until the last of them has run out of time, or until trying is of no use. */
  async #sendBatch(batch: Queued[]): Promise<void> {
    let left = await this.#made(batch);
    for (let failures = 0; left.length > 0; failures += 1) {
      try {
        await this.#producer.connect();
        await this.#producer.send({ topic: this.#topic, acks: -1, messages: left.map(({ message }) => message) });
        for (const { stored } of left) stored();
        return;
      } catch (error) {
        const pause = backoffMs(failures);
        const giveUp = this.#closed || !mayPass(error);
        const isOver = ({ deadline }: Made): boolean => giveUp || Date.now() + pause >= deadline;
        for (const { messageId, failed } of left.filter(isOver)) failed(new SendFailed(messageId, error));
        left = left.filter((queued) => !isOver(queued));
        if (left.length > 0) await sleep(pause);
      }
    }
  }
}

/**
 * Whether the same request can succeed later. kafkajs marks its errors, but wraps what it has tried a few times, or in the wrong moment, into
 * one that says the opposite: what counts is any of the causes.
 */
const mayPass = (error: unknown): boolean => {
  let cause = error as { retriable?: boolean; name?: string; cause?: unknown } | undefined;
  for (let depth = 0; cause && depth < 5; depth += 1) {
    if (cause.retriable === true || passing.has(cause.name ?? '')) return true;
    cause = cause.cause as typeof cause;
  }
  return false;
};
const passing: ReadonlySet<string> = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
]);
