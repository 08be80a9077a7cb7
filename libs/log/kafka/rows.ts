import { eventPartitions } from '#contracts';
import type { EventRow } from '#event-store';
import { GroupMember } from '#platform/kafka';
import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Pool } from 'pg';

import type { Gap } from '../delivery/removals.js';
import { unexplained } from '../delivery/removals.js';
import type { RowSource } from '../delivery/row-source.js';
import type { LogObserver } from '../port.js';
import { readRows } from '../postgres/read.js';
import { Gaps } from './gaps.js';
import { Inbox } from './inbox.js';
import { MalformedRecord, removedIn, rowOf } from './record.js';

export interface KafkaRowsOptions {
  kafka: Kafka;
  topic: string;
  groupId: string;
  batchSize: number;
  observer: LogObserver;
  /** Tells which positions were removed after their retention. */
  pool: Pool;
  /** Where given, a record counts only if this database has the same event at its position. */
  proofs?: Pool;
}

/** How long a `take` waits for a row, so that the loop gets to look at other things. */
const idleMs = 200;
/** How long the reader waits for room before it tells the broker that it is alive. */
const roomMs = 200;
/** Little enough that sixteen partitions are a few megabytes, large enough for a few hundred events. */
const maxBytesPerPartition = 256 * 1024;
const leaveWithinMs = 1_000;

/**
 * The rows of the shards that the group has assigned to this process, read from `billing.events.v1`. No offset is stored: position
 * p is never found before offset p - 1, because every position is one record at least and none is ever taken out of the topic.
 */
export class KafkaRows implements RowSource {
  readonly #observer: LogObserver;
  readonly #batchSize: number;
  readonly #pool: Pool;
  readonly #proofs: Pool | undefined;
  readonly #inbox: Inbox;
  readonly #gaps: Gaps;
  readonly #member: GroupMember;
  /** Where the consumer stood when this process looked last: wrong where others went on, which the compare-and-set then tells. */
  #positions: ReadonlyMap<number, number> = new Map();

  constructor({ kafka, topic, groupId, batchSize, observer, pool, proofs }: KafkaRowsOptions) {
    this.#observer = observer;
    this.#batchSize = batchSize;
    this.#pool = pool;
    this.#proofs = proofs;
    this.#inbox = new Inbox(2 * batchSize); // one is digested while the next one comes in
    this.#member = new GroupMember({
      kafka,
      topic,
      groupId,
      warn: (message, context) => {
        observer.warn(message, context);
      },
      concurrentPartitions: eventPartitions,
      maxBytesPerPartition,
      leaveWithinMs,
      autoResolve: true,
      assigned: (partitions) => {
        this.#place(partitions);
      },
      read: (payload) => this.#read(payload),
    });
    this.#gaps = new Gaps((shard) => {
      const next = this.#inbox.next(shard);
      if (next === undefined) this.#gaps.closed(shard);
      else this.#member.seek(shard, next - 1);
    }, observer);
  }

  start(positions: ReadonlyMap<number, number>): void {
    this.#positions = positions;
    this.#member.start();
  }

  shards(): readonly number[] {
    return this.#inbox.shards();
  }

  async take(positions: ReadonlyMap<number, number>): Promise<EventRow[]> {
    this.#positions = positions;
    const rows = this.#inbox.take(this.#batchSize);
    if (rows.length === 0) await this.#inbox.change(idleMs);
    // What was digested while the group was joined again comes a second time.
    return rows.filter((row) => Number(row.position) > (positions.get(row.shard) ?? 0));
  }

  rewind(positions: ReadonlyMap<number, number>): void {
    this.#positions = positions;
    this.#place(this.#inbox.shards());
  }

  hurry(): void {
    this.#inbox.wake();
  }

  async close(): Promise<void> {
    this.#gaps.close();
    await this.#member.close();
  }

  #place(shards: readonly number[]): void {
    const positions = new Map(shards.map((shard) => [shard, this.#positions.get(shard) ?? 0]));
    this.#inbox.place(positions);
    for (const [shard, position] of positions) this.#member.seek(shard, position);
  }

  /** Hands the records of a fetch to the inbox as it has room. */
  async #read(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    let malformed: MalformedRecord | undefined;
    let skipped = 0;
    let asked: number | undefined;
    const proof = await this.#proofOf(batch.partition, batch.messages.length);
    for (const message of batch.messages) {
      if (this.#inbox.isFull && !(await this.#room(payload))) return;
      if (payload.isStale()) return; // sought elsewhere: what was proved is not what comes next
      try {
        if (removedIn(message, batch.partition) !== undefined) continue; // the next event's gap is asked of Postgres
        const row = rowOf(message, batch.partition);
        const empty = this.#emptyBefore(row, proof);
        if (empty && empty.first !== asked) {
          asked = empty.first; // of a gap that stays one, once a fetch
          if ((await unexplained(this.#pool, [empty])).length === 0) this.#inbox.pass(empty.shard, empty.last);
          if (payload.isStale()) return;
        }
        if (proof && row.position === String(this.#inbox.next(row.shard)) && !isSame(row, proof.get(row.position)))
          throw new MalformedRecord('an event that the log has not', batch.partition, message.offset);
        this.#offer(row, message.offset);
      } catch (error) {
        if (!(error instanceof MalformedRecord)) throw error;
        malformed = error;
        skipped += 1;
      }
    }
    if (malformed) this.#warnOfMalformed(malformed, skipped);
  }

  /** The events of Postgres that the next `count` records of a shard must be, by position; undefined where nobody asks for proof. */
  async #proofOf(shard: number, count: number): Promise<ReadonlyMap<string, EventRow> | undefined> {
    if (!this.#proofs) return undefined;
    const next = this.#inbox.next(shard);
    if (next === undefined) return new Map();
    const rows = await readRows(this.#proofs, new Map([[shard, next - 1]]), [shard], count);
    return new Map(rows.map((row) => [row.position, row]));
  }

  /** Waits until the inbox has room, and keeps its place in the group meanwhile. False when the records are no longer wanted. */
  async #room(payload: EachBatchPayload): Promise<boolean> {
    for (;;) {
      if (!payload.isRunning() || payload.isStale()) return false;
      if (!this.#inbox.isFull) return true;
      await this.#inbox.change(roomMs);
      await payload.heartbeat();
    }
  }

  /**
   * Positions that were removed, or are missing: those between what came last and this record, and this one too where Kafka has kept what
   * Postgres, which is asked for proof, has not. Undefined where there are none.
   */
  #emptyBefore({ shard, position }: EventRow, proof: ReadonlyMap<string, EventRow> | undefined): Gap | undefined {
    const first = this.#inbox.next(shard);
    const isWithout = proof !== undefined && proof.size > 0 && !proof.has(position);
    const last = isWithout ? Number(position) : Number(position) - 1;
    return first === undefined || last < first ? undefined : { shard, first, last };
  }

  #offer(row: EventRow, offset: string): void {
    const offered = this.#inbox.offer(row);
    if (offered === 'taken') this.#gaps.closed(row.shard);
    if (offered === 'gap') this.#gaps.found(row.shard, this.#inbox.next(row.shard), Number(row.position), offset);
  }

  /** Only the relay writes this topic: what is not of its making is passed over, and if it stood for an event, its position is missing. */
  #warnOfMalformed(last: MalformedRecord, skipped: number): void {
    this.#observer.count?.('malformed_record', skipped);
    this.#observer.warn('records in Kafka that the relay did not write were skipped', { skipped, last: last.message });
  }
}

const provenColumns = ['event_id', 'tenant_id', 'stream_id', 'version', 'type', 'schema_version', 'data'] as const;
const isSame = (record: EventRow, event: EventRow | undefined): boolean =>
  provenColumns.every((column) => record[column] === event?.[column]);
