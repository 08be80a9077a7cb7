import type { Lease } from './leases.js';
import type { Carried } from './removed-positions.js';
import { isRemoved } from './removed-positions.js';

/** Records of one partition in one request at most. */
const maxBatchRows = 1_000;
/** Bytes of one partition in one request at most: below the 1 MiB that a broker accepts unless told otherwise. */
const maxBatchBytes = 768 * 1024;
/** What a record has beside its data: key, headers and their lengths. */
const recordOverheadBytes = 750;

/** Why a shard is not carried on. Labels of a metric. */
export type HaltReason = 'ahead_of_log' | 'foreign_record' | 'oversized_record';

/**
 * One shard under one lease: what has been read of it, and how far Kafka has it. A new lease is a new object, so that nothing of the
 * time before can leak into it.
 */
export class CarriedShard {
  readonly shard: number;
  readonly epoch: number;
  /** The broker that leads the partition, as far as we know. */
  leader = -1;
  /** Something may have been appended that was not read. */
  look = true;
  /** A batch is on its way; there is never a second one. */
  inFlight = false;
  /** Is given to another relay: nothing is sent any more. */
  releasing = false;
  halted: { reason: HaltReason; untilMs: number } | undefined;
  #sent: number | undefined;
  #read = 0;
  #queue: Carried[] = [];
  #aloneUntil = 0;

  constructor({ shard, epoch }: Lease) {
    this.shard = shard;
    this.epoch = epoch;
  }

  /** The last position that Kafka has for certain; undefined until the end of the partition was looked at. */
  get sent(): number | undefined {
    return this.#sent;
  }

  /** The last position that was read from Postgres. */
  get read(): number {
    return this.#read;
  }

  /** Rows that wait to be sent. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether it may be read and sent. */
  get open(): boolean {
    return this.#sent !== undefined && !this.halted && !this.releasing;
  }

  /** Goes on after `position`. */
  resumeAfter(position: number): void {
    this.#sent = position;
    this.#read = position;
    this.#queue = [];
    this.look = true;
    this.halted = undefined;
  }

  /** Sends nothing more until the end of the partition is looked at again, `forMs` from now. */
  halt(reason: HaltReason, forMs: number): void {
    this.#sent = undefined;
    this.#queue = [];
    this.halted = { reason, untilMs: performance.now() + forMs };
  }

  /** Adds what was read after `read`. Throws when a position is missing: there is one of each. */
  add(rows: readonly Carried[]): void {
    for (const row of rows) {
      if (Number(row.position) !== this.#read + 1) {
        throw new Error(`shard ${this.shard} has position ${row.position} after ${this.#read}: the log has a gap`);
      }
      this.#read += 1;
      this.#queue.push(row);
    }
  }

  /** What goes next, at most one batch; the rows stay here until they are acknowledged. Begins right after `sent`, always. */
  nextBatch(): Carried[] {
    const first = this.#queue[0];
    if (first && Number(first.position) <= this.#aloneUntil) return [first];
    let bytes = 0;
    let rows = 0;
    for (const row of this.#queue) {
      bytes += (isRemoved(row) ? 0 : Buffer.byteLength(row.data)) + recordOverheadBytes;
      if (rows > 0 && (bytes > maxBatchBytes || rows >= maxBatchRows)) break;
      rows += 1;
    }
    return this.#queue.slice(0, rows);
  }

  /** Kafka has stored a batch. */
  acknowledge(batch: readonly Carried[]): void {
    if (this.#queue[0] !== batch[0]) return; // halted meanwhile, and read again
    this.#queue.splice(0, batch.length);
    this.#sent = (this.#sent ?? 0) + batch.length;
  }

  /** The records of a batch that was too large go one by one. */
  sendAloneUntil(position: number): void {
    this.#aloneUntil = position;
  }
}
