import { setTimeout as sleep } from 'node:timers/promises';

import type { Wakeups } from '#log';
import { DueShards, readRows } from '#log';
import type { Pool } from 'pg';

import type { CarriedShard } from './carried-shard.js';
import type { RelayObserver } from './observer.js';
import type { Carried } from './removed-positions.js';
import { isRemoved, recordFor, withRemoved } from './removed-positions.js';
import type { Sender } from './sender.js';
import { refusalOf } from './sender.js';

/** Rows read at once at most, over all shards. A shard is read on while it has no more than that waiting. */
const pageRows = 2_000;
/** With so many rows waiting, nothing is read on. */
const enoughWaiting = 6_000;
/** Records in one request: no further batch is added from here on. */
const enoughRecords = 4_000;
/** Of each shard at least, so that one that is far behind does not shut the others out. */
const leastRows = 50;
const haltedMs = 30_000;
const longestBackoffMs = 5_000;

export interface LaneOptions {
  pool: Pool;
  wakeups: Wakeups;
  sender: Sender;
  observer: RelayObserver;
  /** Least time from one reading to the next while the log comes in small pieces, in milliseconds. */
  gatherMs: number;
  sendTimeoutMs: number;
  /** The open shards whose partition this lane's broker leads. */
  shards: () => CarriedShard[];
  /** Until when every lease of these shards is ours, on the monotonic clock. */
  sureUntil: () => number;
}

interface Batch {
  shard: CarriedShard;
  rows: Carried[];
}

/**
 * Carries the shards of one broker: reads what comes next while Kafka stores what came before. One request at a time, so one batch in
 * flight for each partition; a broker that is slow or away holds up its own partitions and no others.
 *
 * Two relays cannot confuse a consumer, even when one of them has lost its lease and does not know it yet, or when a request hangs in the
 * network until long after. Every batch begins right after a position that Kafka is known to have, and is a run of the log without
 * gaps. So whatever order batches of whatever relay arrive in, the first record of a position comes after the first record of
 * the one before it, and all that can happen besides is a repeat, which has the same content and is dropped by its position. The lease is there so that this stays
 * rare and nothing is sent twice for nothing: a batch is sent only while the lease outlives the time-out of the request.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #due: DueShards;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #readAt = 0;
  #turns = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#due = new DueShards(options.wakeups);
    this.#running = this.#run();
  }

  /** Ends after the request at hand. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#options.wakeups.wakeAll();
    await this.#running;
    this.#options.sender.close();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (!(await this.#turn())) await this.#due.next();
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#options.observer.failed(error, failures);
        const backoffMs = Math.min(50 * 2 ** failures, longestBackoffMs);
        await sleep(backoffMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  /** Reads and sends at once, in that order for any one row. Gives whether there was anything to do. */
  async #turn(): Promise<boolean> {
    const shards = this.#options.shards();
    if (!shards.some(({ waiting }) => waiting > 0)) await this.#gather();
    const [read, sent] = await Promise.allSettled([this.#fill(shards), this.#sendAll(this.#nextBatches(shards))]);
    if (sent.status === 'rejected') throw sent.reason;
    if (read.status === 'rejected') throw read.reason;
    return read.value + sent.value > 0;
  }

  /** Lets a busy log fill a batch; does not hold up an event that comes after a quiet moment. */
  async #gather(): Promise<void> {
    const restMs = this.#readAt + this.#options.gatherMs - performance.now();
    if (restMs > 0) await sleep(restMs);
  }

  async #fill(shards: readonly CarriedShard[]): Promise<number> {
    const due = new Set(this.#due.take());
    for (const shard of shards) shard.look ||= due.has(shard.shard);
    if (shards.reduce((sum, { waiting }) => sum + waiting, 0) >= enoughWaiting) return 0;
    const hungry = shards.filter(({ look, waiting }) => look && waiting <= pageRows);
    if (hungry.length === 0) return 0;
    const limit = Math.max(leastRows, Math.floor(pageRows / hungry.length));
    for (const shard of hungry) shard.look = false;
    try {
      const after = new Map(hungry.map(({ shard, read }) => [shard, read]));
      const rows = await readRows(this.#options.pool, after, [...after.keys()], limit);
      for (const shard of hungry) {
        const own = hungry.length === 1 ? rows : rows.filter((row) => row.shard === shard.shard);
        const from = after.get(shard.shard) ?? 0;
        const next = await withRemoved(this.#options.pool, { shard: shard.shard, after: from, rows: own }, limit);
        if (from === shard.read) shard.add(next); // else it was halted or resumed meanwhile
        shard.look ||= next.length >= limit;
      }
      if (rows.length > 0) this.#readAt = performance.now();
      return rows.length;
    } catch (error) {
      for (const shard of hungry) shard.look = true;
      throw error;
    }
  }

  /** One batch a shard, beginning with another shard each time. */
  #nextBatches(shards: readonly CarriedShard[]): Batch[] {
    this.#turns += 1;
    const first = this.#turns % Math.max(1, shards.length);
    const batches: Batch[] = [];
    let records = 0;
    for (const shard of [...shards.slice(first), ...shards.slice(0, first)]) {
      const rows = records < enoughRecords ? shard.nextBatch() : [];
      if (rows.length > 0) batches.push({ shard, rows });
      records += rows.length;
    }
    return this.#sure(batches);
  }

  /** Those whose lease outlives the request. */
  #sure(batches: readonly Batch[]): Batch[] {
    const isSure = performance.now() + this.#options.sendTimeoutMs < this.#options.sureUntil();
    return isSure ? batches.filter(({ shard }) => shard.open && !shard.inFlight) : [];
  }

  /** Sends the batches in one request. When Kafka refuses it, each goes alone, so that one does not hold up the others. */
  async #sendAll(batches: readonly Batch[]): Promise<number> {
    try {
      await this.#send(batches);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      const [first, ...others] = batches;
      if (first && others.length === 0) this.#refused(first, error);
      else await this.#sendOneByOne(batches);
    }
    return batches.length;
  }

  /** Throws the last failure, after each has had its turn. */
  async #sendOneByOne(batches: readonly Batch[]): Promise<void> {
    const failures: unknown[] = [];
    for (const batch of batches) {
      try {
        await this.#send(this.#sure([batch])).catch((error: unknown) => {
          this.#refused(batch, error);
        });
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.at(-1);
  }

  async #send(batches: readonly Batch[]): Promise<void> {
    if (batches.length === 0) return;
    for (const { shard } of batches) shard.inFlight = true;
    try {
      await this.#options.sender.send(
        batches.flatMap(({ shard, rows }) => rows.map((row) => recordFor(row, shard.epoch))),
      );
      for (const { shard, rows } of batches) shard.acknowledge(rows);
      this.#options.observer.sent(batches.reduce((sum, { rows }) => sum + rows.length, 0));
    } finally {
      for (const { shard } of batches) shard.inFlight = false;
    }
  }

  /** What to do about the refusal of a batch that was the only one in its request. Throws it where trying again is all that can be done. */
  #refused({ shard, rows }: Batch, refusal: unknown): void {
    if (refusalOf(refusal) !== 'MESSAGE_TOO_LARGE') throw refusal;
    const [first] = rows;
    const last = rows.at(-1);
    if (!first || !last) return;
    if (rows.length > 1 || isRemoved(first)) {
      shard.sendAloneUntil(Number(last.position));
      return;
    }
    shard.halt('oversized_record', haltedMs);
    this.#options.observer.halted(
      shard.shard,
      'oversized_record',
      `event ${first.event_id} at position ${first.position} of shard ${shard.shard} has ${Buffer.byteLength(first.data)} bytes of data, and Kafka ` +
        'refuses it: raise max.message.bytes of the topic; the shard waits for that',
    );
  }
}
