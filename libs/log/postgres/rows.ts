import type { EventRow } from '#event-store';
import { allShards } from '#event-store';
import type { Pool } from 'pg';

import { positionsAfter } from '../delivery/checkpoints.js';
import type { RowSource } from '../delivery/row-source.js';
import { DueShards } from './due-shards.js';
import { readRows } from './read.js';
import type { Wakeups } from './wakeups.js';

/** The rows of every shard, read from the event table itself. */
export class PostgresRows implements RowSource {
  readonly #pool: Pool;
  readonly #wakeups: Wakeups;
  readonly #batchSize: number;
  readonly #due: DueShards;
  /** What was read ahead while the batch before it was digested. */
  #ahead: Promise<EventRow[]> | undefined;

  constructor(pool: Pool, wakeups: Wakeups, batchSize: number) {
    this.#pool = pool;
    this.#wakeups = wakeups;
    this.#batchSize = batchSize;
    this.#due = new DueShards(wakeups);
  }

  start(): void {
    this.#due.giveBack();
  }

  shards(): readonly number[] {
    return allShards;
  }

  /** While a full batch is digested the one after it is read: only a consumer that lags behind pays for that. */
  async take(positions: ReadonlyMap<number, number>): Promise<EventRow[]> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const rows = await (ahead ?? readRows(this.#pool, positions, this.#due.take(), this.#batchSize));
    if (rows.length >= this.#batchSize) {
      const next = new Map([...positions, ...positionsAfter(rows)]);
      this.#ahead = readRows(this.#pool, next, allShards, this.#batchSize);
      this.#ahead.catch(() => undefined); // reported where it is awaited, or read again
    }
    if (rows.length === 0) await this.#due.next();
    return rows;
  }

  rewind(): void {
    this.#ahead = undefined; // read from positions that were not reached
    this.#due.giveBack();
  }

  hurry(): void {
    this.#wakeups.wakeAll();
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
  }
}
