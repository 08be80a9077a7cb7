import { eventPartitions, topics } from '#contracts';
import type { EventRow } from '#event-store';
import { removedIn, rowOf } from '#log';
import type { KafkaSettings } from '#platform/kafka';
import { groupName, openKafka, topicName } from '#platform/kafka';
import type { Admin, Kafka } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { PartitionReader } from './partition-reader.js';
import type { RecordBatch } from './partition-reader.js';
import { microsOf } from './range.js';
import type { ReplayExtent, ReplayPage, ReplayQuery, ReplaySource } from './source.js';
import { ReplayFailed, matcherOf, shardsOf, spanOf, timeSlackMs } from './source.js';

const maxTries = 10;
const retryMs = 500;

interface Offsets {
  ends: Awaited<ReturnType<Admin['fetchTopicOffsets']>>;
  begins: Awaited<ReturnType<Admin['fetchTopicOffsetsByTimestamp']>>;
}

/** What is read of a partition: records from `offset` to before `end`, of them positions above `after` up to `upTo`. */
interface Span {
  shard: number;
  offset: number;
  end: number;
  /** Undefined where the beginning was found by time: then whatever position comes first is taken. */
  after: number | undefined;
  upTo: number;
}

/** Reads billing.events.v1, one partition after the other. */
export class KafkaSource implements ReplaySource {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #reader: PartitionReader;
  #query: ReplayQuery = {};
  #spans: Span[] = [];

  constructor(settings: KafkaSettings) {
    this.#kafka = openKafka({ settings, clientId: 'billing-replay', warn: () => undefined });
    this.#topic = topicName(settings, topics.events);
    const groupId = groupName(settings, `cli:replay-${randomUUID()}`);
    this.#reader = new PartitionReader(this.#kafka, this.#topic, eventPartitions, groupId);
  }

  /** Throws ReplayFailed when the brokers or the topic are not there, or the topic no longer has what is asked for. */
  async open(query: ReplayQuery, done: ReadonlyMap<number, number>): Promise<ReplayExtent> {
    this.#query = query;
    const { ends, begins } = await this.#offsets();
    for (const shard of shardsOf(query)) {
      const partition = ends.find((each) => each.partition === shard);
      if (!partition) throw new ReplayFailed(`${this.#topic} has no partition ${shard}`);
      const begin = begins.find((each) => each.partition === shard);
      const span = spanIn(query, shard, partition, begin && Number(begin.offset), done);
      if (span.offset < span.end && (span.after ?? 0) < span.upTo) this.#spans.push(span);
    }
    return {
      total: this.#spans.reduce((sum, { offset, end, upTo }) => sum + Math.max(1, Math.min(end, upTo) - offset), 0),
    };
  }

  /** Where the partitions begin and end, and where the time asked for begins in them. */
  async #offsets(): Promise<Offsets> {
    const { from } = this.#query;
    const time = from?.kind === 'time' ? Math.max(0, from.at.getTime() - timeSlackMs) : undefined;
    for (let tries = 1; ; tries += 1) {
      const admin = this.#kafka.admin();
      try {
        await admin.connect();
        const ends = await admin.fetchTopicOffsets(this.#topic);
        const begins = time === undefined ? [] : await admin.fetchTopicOffsetsByTimestamp(this.#topic, time);
        return { ends, begins };
      } catch (error) {
        // Leaders move, and a new topic has none for a moment.
        if (tries >= maxTries || typeOf(error) !== 'NOT_LEADER_FOR_PARTITION') throw explained(error, this.#topic);
        await sleep(retryMs);
      } finally {
        await admin.disconnect();
      }
    }
  }

  async *pages(signal: AbortSignal): AsyncGenerator<ReplayPage> {
    if (this.#spans.length === 0) return;
    await this.#reader.join().catch((error: unknown) => {
      throw explained(error, this.#topic);
    });
    const wanted = matcherOf(this.#query);
    for (const span of this.#spans) {
      this.#reader.begin(span.shard, span.offset);
      let isOver = false;
      while (!isOver) {
        const batch = await this.#reader.next(signal).catch((error: unknown) => {
          throw explained(error, this.#topic);
        });
        if (!batch) return;
        const fresh = this.#freshOf(batch, span);
        isOver = batch.next >= span.end || (span.after ?? 0) >= span.upTo || this.#isPast(fresh.at(-1));
        yield { shard: span.shard, rows: fresh.filter(wanted), upTo: span.after ?? 0 };
      }
    }
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** The rows of a batch that follow what was read, and moves on behind them. Throws ReplayFailed where a position is missing. */
  #freshOf({ messages }: RecordBatch, span: Span): EventRow[] {
    const rows: EventRow[] = [];
    for (const message of messages) {
      if (Number(message.offset) >= span.end) break; // came after we began
      const removed = removedIn(message, span.shard);
      const row = removed === undefined ? rowOf(message, span.shard) : undefined;
      const position = removed ?? Number(row?.position);
      if (position > span.upTo) {
        span.after = span.upTo;
        break;
      }
      if (span.after !== undefined && position <= span.after) continue; // sent twice by a relay, or before what was asked for
      if (span.after !== undefined && position > span.after + 1) throw missing(this.#topic, span, position);
      span.after = position;
      if (row) rows.push(row);
    }
    return rows;
  }

  /** Whether a row was recorded so late that nothing behind it can be wanted. */
  #isPast(row: EventRow | undefined): boolean {
    const { to } = this.#query;
    if (!row || to?.kind !== 'time') return false;
    return microsOf(row.recorded_at) > to.micros + BigInt(timeSlackMs) * 1_000n;
  }
}

/** An event of position p has an offset of p - 1 or more: every position before it is in at least one record. */
const spanIn = (
  query: ReplayQuery,
  shard: number,
  { low, high }: { low: string; high: string },
  begin: number | undefined,
  done: ReadonlyMap<number, number>,
): Span => {
  const { after, upTo } = spanOf(query, shard, done);
  const [first, end] = [Number(low), Number(high)];
  if (begin === undefined || begin <= after) return { shard, offset: Math.max(after, first), end, after, upTo };
  // Nothing was recorded at or after that time.
  if (begin >= end) return { shard, offset: end, end, after, upTo };
  if (first > 0 && begin <= first)
    throw new ReplayFailed(
      `partition ${shard} now begins at offset ${first}, and events of the time asked for may be gone: replay from Postgres`,
    );
  return { shard, offset: begin, end, after: undefined, upTo };
};

const missing = (topic: string, { shard, after }: Span, position: number): ReplayFailed =>
  new ReplayFailed(
    `${topic} goes on with ${shard}:${position} after ${shard}:${after ?? 0}: what lies between is no longer there; replay from Postgres`,
  );

const explained = (error: unknown, topic: string): unknown => {
  if (error instanceof ReplayFailed || !(error instanceof Error)) return error;
  if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION')
    return new ReplayFailed(`there is no topic ${topic}: \`billing topics apply\` creates it`);
  return new ReplayFailed(`Kafka cannot be read: ${error.message}`);
};

/** What the broker called the error; kafkajs wraps the last one of several tries. */
const typeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  return 'type' in error && typeof error.type === 'string' ? error.type : typeOf(error.cause);
};
