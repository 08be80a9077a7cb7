import { setTimeout as sleep } from 'node:timers/promises';

import type { EventRow } from '#event-store';
import { allShards } from '#event-store';
import type { Pool } from 'pg';

import type { LogObserver, Subscription, SubscriptionOptions } from '../port.js';
import { CheckpointMoved, positionsAfter } from './checkpoints.js';
import { backoffMs, Delivery } from './delivery.js';
import { readRows } from './read.js';
import { DueShards } from './due-shards.js';
import type { Wakeups } from './wakeups.js';

interface Waiter {
  target: ReadonlyMap<number, number>;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** One consumer's loop: read, digest and move the checkpoint in one transaction, wait. It ends only when it is closed. */
export class PostgresSubscription implements Subscription {
  readonly #pool: Pool;
  readonly #wakeups: Wakeups;
  readonly #observer: LogObserver;
  readonly #consumer: string;
  readonly #batchSize: number;
  readonly #gatherMs: number;
  readonly #delivery: Delivery;
  readonly #due: DueShards;
  readonly #stop = new AbortController();
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  /** What was read ahead while the batch before it was digested. */
  #ahead: Promise<EventRow[]> | undefined;
  #lastBatchAt = 0;

  constructor(pool: Pool, wakeups: Wakeups, observer: LogObserver, options: SubscriptionOptions) {
    const { consumer, handle, committed, batchSize = 500, maxTries = 5, gatherMs = 0 } = options;
    this.#pool = pool;
    this.#wakeups = wakeups;
    this.#observer = observer;
    this.#consumer = consumer;
    this.#batchSize = batchSize;
    this.#gatherMs = gatherMs;
    this.#due = new DueShards(wakeups);
    this.#delivery = new Delivery(pool, observer, { consumer, handle, committed, maxTries }, this.#stop.signal);
  }

  async start(): Promise<void> {
    await this.#delivery.load();
    this.#running = this.#run();
  }

  positions(): ReadonlyMap<number, number> {
    return this.#delivery.positions;
  }

  async whenCaughtUp(): Promise<void> {
    const { rows } = await this.#pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    const target = new Map(rows.map((row) => [row.shard, Number(row.position)]));
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ target, resolve, reject });
      if (this.#stop.signal.aborted) this.#rejectWaiters();
      else this.#releaseWaiters();
      this.#wakeups.wakeAll();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeups.wakeAll();
    await this.#running;
    await this.#ahead?.catch(() => undefined);
    this.#rejectWaiters();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const rows = await this.#read();
        if (rows.length > 0) await this.#digest(rows);
        else await this.#due.next();
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        await this.#recover(error, failures);
      }
    }
  }

  /** The next rows. While a full batch is digested the one after it is read: only a consumer that lags behind pays for that. */
  async #read(): Promise<EventRow[]> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (!ahead) await this.#gather();
    const { positions } = this.#delivery;
    const rows = await (ahead ?? readRows(this.#pool, positions, this.#due.take(), this.#batchSize));
    if (rows.length > 0) this.#lastBatchAt = Date.now();
    if (rows.length >= this.#batchSize) {
      const next = new Map([...positions, ...positionsAfter(rows)]);
      this.#ahead = readRows(this.#pool, next, allShards, this.#batchSize);
      this.#ahead.catch(() => undefined); // reported where it is awaited, or read again
    }
    return rows;
  }

  /** Lets a busy log fill a batch; does not hold up an event that comes after a quiet moment. */
  async #gather(): Promise<void> {
    const restMs = this.#lastBatchAt + this.#gatherMs - Date.now();
    if (restMs > 0) await sleep(restMs, undefined, { signal: this.#stop.signal });
  }

  async #digest(rows: readonly EventRow[]): Promise<void> {
    for (let at = 0; at < rows.length && !this.#stop.signal.aborted; at += this.#batchSize) {
      await this.#delivery.deliver(rows.slice(at, at + this.#batchSize));
      this.#releaseWaiters();
    }
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    this.#ahead = undefined; // read from positions that were not reached
    this.#due.giveBack();
    this.#observer.warn('digesting the log failed and is tried again', {
      consumer: this.#consumer,
      failures,
      error: String(error),
    });
    await sleep(backoffMs(failures), undefined, { signal: this.#stop.signal }).catch(() => undefined);
    if (!(error instanceof CheckpointMoved)) return;
    await this.#delivery.load().catch(() => undefined); // else the next batch finds the checkpoint moved again
    this.#releaseWaiters();
  }

  #releaseWaiters(): void {
    const { positions } = this.#delivery;
    this.#waiters = this.#waiters.filter(({ target, resolve }) => {
      for (const [shard, position] of target) if ((positions.get(shard) ?? 0) < position) return true;
      resolve();
      return false;
    });
  }

  #rejectWaiters(): void {
    for (const { reject } of this.#waiters.splice(0)) {
      reject(new Error(`the subscription of ${this.#consumer} was closed before it had caught up`));
    }
  }
}
