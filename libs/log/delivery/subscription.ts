import { setTimeout as sleep } from 'node:timers/promises';

import type { EventRow } from '#event-store';
import type { Pool } from 'pg';

import type { LogObserver, Subscription, SubscriptionOptions } from '../port.js';
import { Delivery } from './delivery.js';
import { backoffMs, CheckpointMoved } from './failures.js';
import { Retries } from './retries.js';
import type { RowSource } from './row-source.js';
import { Waiters } from './waiters.js';

export const defaultBatchSize = 500;
/** How often the checkpoints of other processes are looked at while somebody waits for them. */
const othersPollMs = 50;

/**
 * One consumer's loop over an adapter's rows: take, digest and move the checkpoint in one transaction. It ends only when it is
 * closed.
 */
export class LogSubscription implements Subscription {
  readonly #pool: Pool;
  readonly #observer: LogObserver;
  readonly #source: RowSource;
  readonly #consumer: string;
  readonly #batchSize: number;
  readonly #gatherMs: number;
  readonly #delivery: Delivery;
  readonly #retries: Retries;
  readonly #waiters = new Waiters();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #watchingOthers = false;
  #lastBatchAt = 0;
  #lastBatchFull = false;

  constructor(pool: Pool, observer: LogObserver, source: RowSource, options: SubscriptionOptions) {
    const {
      consumer,
      handle,
      committed,
      overtaken,
      batchSize = defaultBatchSize,
      maxTries = 5,
      gatherMs = 0,
      retryMs = 1_000,
    } = options;
    this.#pool = pool;
    this.#observer = observer;
    this.#source = source;
    this.#consumer = consumer;
    this.#batchSize = batchSize;
    this.#gatherMs = gatherMs;
    const delivered = { consumer, handle, committed, overtaken, maxTries };
    this.#delivery = new Delivery(pool, observer, delivered, this.#stop.signal);
    this.#retries = new Retries(pool, this.#delivery, retryMs);
  }

  /** Reads the checkpoint and begins. Throws when the database is away. */
  async start(): Promise<void> {
    await this.#delivery.load();
    this.#source.start(this.#delivery.positions);
    this.#running = this.#run();
  }

  positions(): ReadonlyMap<number, number> {
    return this.#delivery.positions;
  }

  async whenCaughtUp(): Promise<void> {
    const { rows } = await this.#pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    const reached = this.#waiters.add(new Map(rows.map((row) => [row.shard, Number(row.position)])));
    if (this.#stop.signal.aborted) this.#rejectWaiters();
    else this.#waiters.release(this.#delivery.positions);
    this.#source.hurry();
    if (this.#waiters.any && !this.#watchingOthers) void this.#watchOthers();
    await reached;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.#source.hurry();
    await this.#running;
    await this.#source.close();
    this.#rejectWaiters();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#retries.run(this.#source.shards());
        const rows = await this.#take();
        if (rows.length > 0) await this.#digest(rows);
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        await this.#recover(error, failures);
      }
    }
  }

  /** Lets a busy log fill a batch; does not hold up an event that comes after a quiet moment, nor a consumer that lags behind. */
  async #take(): Promise<EventRow[]> {
    const restMs = this.#lastBatchFull ? 0 : this.#lastBatchAt + this.#gatherMs - Date.now();
    if (restMs > 0) await sleep(restMs, undefined, { signal: this.#stop.signal });
    const rows = await this.#source.take(this.#delivery.positions);
    this.#lastBatchFull = rows.length >= this.#batchSize;
    if (rows.length > 0) this.#lastBatchAt = Date.now();
    return rows;
  }

  async #digest(rows: readonly EventRow[]): Promise<void> {
    for (let at = 0; at < rows.length && !this.#stop.signal.aborted; at += this.#batchSize) {
      await this.#delivery.deliver(rows.slice(at, at + this.#batchSize));
      this.#waiters.release(this.#delivery.positions);
    }
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    this.#observer.warn('digesting the log failed and is tried again', {
      consumer: this.#consumer,
      failures,
      error: String(error),
    });
    await sleep(backoffMs(failures), undefined, { signal: this.#stop.signal }).catch(() => undefined);
    // Else the next batch finds the checkpoint moved again.
    if (error instanceof CheckpointMoved) await this.#delivery.load().catch(() => undefined);
    this.#source.rewind(this.#delivery.positions);
    this.#waiters.release(this.#delivery.positions);
  }

  /** What other processes of this consumer digest, their checkpoints tell; nobody looks while nobody waits. */
  async #watchOthers(): Promise<void> {
    this.#watchingOthers = true;
    while (this.#waiters.any && !this.#stop.signal.aborted) {
      if (this.#source.shards().length < this.#delivery.positions.size) {
        await this.#delivery.positionsOfAll().then(
          (positions) => this.#waiters.release(positions),
          () => undefined,
        );
      }
      await sleep(othersPollMs);
    }
    this.#watchingOthers = false;
  }

  #rejectWaiters(): void {
    this.#waiters.reject(new Error(`the subscription of ${this.#consumer} was closed before it had caught up`));
  }
}
