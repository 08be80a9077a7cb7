import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';

import { openConsumer } from '#platform/kafka';

import { ReplayFailed } from './source.js';

/** How long the brokers may be silent before the reader gives up. */
const silenceMs = 30_000;
const heartbeatMs = 1_000;

/** Records of the partition at hand, in order. */
export interface RecordBatch {
  messages: KafkaMessage[];
  /** The offset after the last of them. */
  next: number;
}

/** A batch that kafkajs holds for us until it is released. */
interface HeldBatch {
  partition: number;
  messages: KafkaMessage[];
  release: () => void;
}

/**
 * Reads one partition of a topic after the other, as the only member of a consumer group that commits nothing. kafkajs has no manual
 * assignment: the member is given every partition, all but the one at hand are paused, and that one is sought again whenever
 * the group was joined anew.
 */
export class PartitionReader {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #partitions: number[];
  #at: { partition: number; offset: number } | undefined;
  /** What kafkajs has brought and nobody has taken yet. */
  #offered: HeldBatch | undefined;
  /** What the reader has in hand. */
  #inHand: HeldBatch | undefined;
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(kafka: Kafka, topic: string, partitions: number, groupId: string) {
    this.#consumer = openConsumer(kafka, { groupId });
    this.#topic = topic;
    this.#partitions = Array.from({ length: partitions }, (_, partition) => partition);
  }

  /** Joins the group. Throws ReplayFailed when the brokers do not let it in. */
  async join(): Promise<void> {
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    const joined = new Promise<void>((resolve) => {
      this.#consumer.on(GROUP_JOIN, () => {
        this.#arrange();
        resolve();
      });
    });
    this.#consumer.on(CRASH, ({ payload: { error, restart } }) => {
      if (restart) return;
      this.#failure = error;
      this.#wake?.();
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [this.#topic] });
    await this.#consumer.run({ autoCommit: false, eachBatch: (payload) => this.#offer(payload) });
    const late = sleep(silenceMs, 'late', { ref: false });
    if ((await Promise.race([joined, late])) === 'late')
      throw new ReplayFailed('Kafka let nobody into the consumer group of the replay for 30 seconds');
  }

  /** Goes on with a partition, from an offset that it has. */
  begin(partition: number, offset: number): void {
    this.#at = { partition, offset };
    this.#release();
    this.#arrange();
  }

  /**
   * The next records of the partition, without a gap; undefined when `signal` aborts. Whoever asks has done with the batch before.
   * Throws ReplayFailed when the brokers send nothing of use for 30 seconds: ask only for what is there.
   */
  async next(signal: AbortSignal): Promise<RecordBatch | undefined> {
    this.#release();
    const deadline = Date.now() + silenceMs;
    for (;;) {
      if (signal.aborted) return undefined;
      if (this.#failure) throw this.#failure;
      const batch = this.#take();
      if (batch) return batch;
      if (Date.now() > deadline)
        throw new ReplayFailed(`Kafka has sent nothing of partition ${this.#at?.partition} for 30 seconds`);
      await this.#woken(signal);
    }
  }

  async close(): Promise<void> {
    this.#at = undefined;
    this.#release();
    this.#offered?.release();
    await this.#consumer.disconnect();
  }

  /**
   * Takes what was brought, if it goes on exactly where we are: the topic is neither compacted nor written in transactions, so its
   * offsets have no gaps. What was fetched before the group was joined anew may begin elsewhere.
   */
  #take(): RecordBatch | undefined {
    const [at, offered] = [this.#at, this.#offered];
    if (!at || !offered) return undefined;
    this.#offered = undefined;
    const messages = offered.messages.filter(({ offset }) => Number(offset) >= at.offset);
    const [first, last] = [messages[0], messages.at(-1)];
    if (offered.partition !== at.partition || !first || !last || Number(first.offset) !== at.offset) {
      offered.release();
      this.#arrange();
      return undefined;
    }
    this.#inHand = offered;
    at.offset = Number(last.offset) + 1;
    return { messages, next: at.offset };
  }

  /** Resolves when there may be something new, and now and then anyway. */
  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, heartbeatMs);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  #arrange(): void {
    const at = this.#at;
    if (!at) return;
    const others = this.#partitions.filter((partition) => partition !== at.partition);
    this.#consumer.pause([{ topic: this.#topic, partitions: others }]);
    this.#consumer.resume([{ topic: this.#topic, partitions: [at.partition] }]);
    this.#consumer.seek({ topic: this.#topic, partition: at.partition, offset: String(at.offset) });
  }

  #release(): void {
    this.#inHand?.release();
    this.#inHand = undefined;
  }

  /** Holds a batch until the reader asks for the next one, and stays in the group meanwhile. */
  async #offer(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    if (partition !== this.#at?.partition || payload.isStale()) return;
    let isReleased = false;
    const released = new Promise<void>((resolve) => {
      this.#offered?.release();
      this.#offered = {
        partition,
        messages,
        release: () => {
          isReleased = true;
          resolve();
        },
      };
    });
    this.#wake?.();
    while (!isReleased) {
      await Promise.race([released, sleep(heartbeatMs, undefined, { ref: false })]);
      await payload.heartbeat();
    }
  }
}
