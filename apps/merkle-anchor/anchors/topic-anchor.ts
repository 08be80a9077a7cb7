import { topics } from '#contracts';
import type { Checkpoint, TreeHead } from '#audit';
import { Malformed, parseCheckpoint, parseNote, sameHash } from '#audit';
import type { KafkaSettings } from '#platform/kafka';
import { groupName, openProducer, readTails, topicName } from '#platform/kafka';
import type { Kafka, KafkaMessage, Producer } from 'kafkajs';

import type { CheckpointAnchor } from '../ports.js';
import { AnchoredFork } from './anchored-fork.js';
import { checkpointRecord, noteOf } from './checkpoint-record.js';

export interface TopicAnchorOptions {
  kafka: Kafka;
  settings: KafkaSettings;
  /** Of our log: the key of its records. */
  origin: string;
  /** Names the reading group; one a process. */
  owner: string;
  /** Whether our log signed a note. A record that nobody signed is gone past, wherever it stands. */
  isOurs: (note: string) => Promise<boolean>;
  /** Of one reading of the topic's end. 15,000 by default. */
  timeoutMs?: number;
}

/** The topic has one partition, so that it has one order. */
const partition = 0;
/** So many records at the end are looked at for one that is ours: others of them are foreign, or come of a second anchor. */
const lookBack = 200;

interface Kept extends Checkpoint {
  note: string;
}

/** Publishes each checkpoint to billing.checkpoints.v1, which keeps them for ever. */
export class TopicAnchor implements CheckpointAnchor {
  readonly name: string;
  readonly #options: TopicAnchorOptions;
  #producer: Promise<Producer> | undefined;
  /** What the topic is known to end with; undefined before it was read, and after a send of which nobody knows what became. */
  #end: { last: Kept | undefined } | undefined;

  constructor(options: TopicAnchorOptions) {
    this.#options = options;
    this.name = `topic ${this.#topic}`;
  }

  /** The largest checkpoint among the last 200 records that our log signed. Rejects when there are records and none of them is ours. */
  async newest(): Promise<string | undefined> {
    this.#end = { last: await this.#readEnd() };
    return this.#end.last?.note;
  }

  /** Rejects for a checkpoint smaller than the last one: the order of the topic is that of the log. */
  async keep(head: TreeHead, note: string): Promise<void> {
    this.#end ??= { last: await this.#readEnd() };
    const { last } = this.#end;
    if (last?.size === head.size) {
      if (!sameHash(last.root, head.root)) throw new AnchoredFork(this.name, head.size);
      return;
    }
    if (last && last.size > head.size) {
      throw new Error(
        `${this.name} keeps a checkpoint of ${String(last.size)} leaves; one of ${String(head.size)} is older`,
      );
    }
    this.#end = undefined;
    await this.#send(head, note);
    this.#end = { last: { ...parseCheckpoint(parseNote(note).text), note } };
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.disconnect();
  }

  get #topic(): string {
    return topicName(this.#options.settings, topics.checkpoints);
  }

  /** After a failure the record may be stored: the end is read again before the next. */
  async #send(head: TreeHead, note: string): Promise<void> {
    this.#producer ??= this.#connect();
    try {
      const producer = await this.#producer;
      const message = { ...checkpointRecord(this.#options.origin, head, note), partition };
      await producer.send({ topic: this.#topic, acks: -1, messages: [message] });
    } catch (error) {
      const failed = this.#producer;
      this.#producer = undefined;
      failed.then((producer) => producer.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = openProducer(this.#options.kafka);
    await producer.connect();
    return producer;
  }

  async #readEnd(): Promise<Kept | undefined> {
    const { kafka, settings, owner, timeoutMs = 15_000 } = this.#options;
    const tail = await this.#offsets();
    if (!tail) return undefined;
    const groupId = groupName(settings, `merkle-anchor:${owner}`);
    const read = await readTails({
      kafka,
      topic: this.#topic,
      groupId,
      tails: new Map([[partition, tail]]),
      timeoutMs,
    });
    const kept = await Promise.all((read.get(partition) ?? []).map((record) => this.#keptIn(record)));
    const newest = kept.reduce((last, each) => this.#newer(last, each), undefined);
    if (newest) return newest;
    throw new Error(
      `none of the last ${String(tail.to - tail.from)} records of ${this.#topic} is a checkpoint of ${this.#options.origin}: find out who writes there`,
    );
  }

  #newer(last: Kept | undefined, each: Kept | undefined): Kept | undefined {
    if (!last || !each) return each ?? last;
    if (each.size === last.size && !sameHash(each.root, last.root)) throw new AnchoredFork(this.name, each.size);
    return each.size >= last.size ? each : last;
  }

  /** Undefined while the partition is empty. */
  async #offsets(): Promise<{ from: number; to: number } | undefined> {
    const admin = this.#options.kafka.admin({ retry: { retries: 2 } });
    await admin.connect();
    try {
      // Asked for by name, a topic that is not there is retried by kafkajs for half a minute.
      if (!(await admin.listTopics()).includes(this.#topic)) {
        throw new Error(
          `there is no topic ${this.#topic} that this anchor may see: \`billing topics apply\` creates it`,
        );
      }
      const offsets = await admin.fetchTopicOffsets(this.#topic);
      const { low, high } = offsets.find((each) => each.partition === partition) ?? { low: '0', high: '0' };
      if (Number(high) <= Number(low)) return undefined;
      return { from: Math.max(Number(low), Number(high) - lookBack), to: Number(high) };
    } finally {
      await admin.disconnect();
    }
  }

  async #keptIn(record: KafkaMessage): Promise<Kept | undefined> {
    const { origin, isOurs } = this.#options;
    const note = noteOf(origin, record);
    if (note === undefined) return undefined;
    try {
      const checkpoint = parseCheckpoint(parseNote(note).text);
      return checkpoint.origin === origin && (await isOurs(note)) ? { ...checkpoint, note } : undefined;
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
  }
}
