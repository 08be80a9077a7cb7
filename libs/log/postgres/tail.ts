import { allShards } from '#event-store';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

import type { LogObserver } from '../port.js';
import { DueShards } from './due-shards.js';
import { Wakeups } from './wakeups.js';

/** What a caller waits for: the next event of a stream, after a version, that its command led to. */
export interface Awaited {
  tenantId: string;
  streamId: string;
  afterVersion: number;
  correlationId: string;
}

interface TailRow {
  shard: number;
  position: string;
  tenant_id: string;
  stream_id: string;
  version: number;
  correlation_id: string;
}

const batchSize = 2_000;
const maxWaiters = 50_000;
/** Where so many wait, the look after one that found something lets more come: they are then woken, and read what they wait for, together. */
const manyWaiters = 16;
const gatherMs = 8;

/**
 * The one tail of a process over all shards, always on Postgres. It learns only that something was appended to a stream, and
 * wakes whoever waits for that; they read it under their own tenant. No query and no LISTEN a request.
 */
export class LogTail {
  readonly #pool: Pool;
  readonly #wakeups: Wakeups;
  readonly #observer: LogObserver;
  readonly #waiters = new Map<string, Set<(version: number) => void>>();
  /** The newest version each recent command led to, for a caller who begins to wait a moment late. */
  readonly #recent = new LRUCache<string, number>({ max: 20_000 });
  #positions = new Map<number, number>();
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(pool: Pool, connectionString: string, observer: LogObserver) {
    this.#pool = pool;
    this.#observer = observer;
    this.#wakeups = new Wakeups(connectionString, observer);
  }

  /** Starts at the present end of every shard. */
  async start(): Promise<void> {
    const { rows } = await this.#pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    this.#positions = new Map(allShards.map((shard) => [shard, 0]));
    for (const row of rows) this.#positions.set(row.shard, Number(row.position));
    this.#running = this.#run();
  }

  /** Resolves with the version of the awaited event, or undefined after `timeoutMs`. */
  next({ tenantId, streamId, afterVersion, correlationId }: Awaited, timeoutMs: number): Promise<number | undefined> {
    const key = `${tenantId}/${streamId}/${correlationId}`;
    const seen = this.#recent.get(key);
    if (seen !== undefined && seen > afterVersion) return Promise.resolve(seen);
    if (timeoutMs <= 0 || this.#waiters.size >= maxWaiters) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(key) ?? new Set();
      this.#waiters.set(key, waiters);
      const done = (version: number | undefined) => {
        clearTimeout(timer);
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiters.delete(key);
        resolve(version);
      };
      const wake = (version: number) => {
        if (version > afterVersion) done(version);
      };
      const timer = setTimeout(done, timeoutMs, undefined);
      waiters.add(wake);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#wakeups.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const due = new DueShards(this.#wakeups);
    while (!this.#closed) {
      const shards = due.take();
      try {
        const rows = await this.#read(shards);
        for (const row of rows) this.#see(row);
        // A full answer may have cut a shard short, and does not say which.
        if (rows.length >= batchSize) due.giveBack();
        else if (rows.length > 0 && this.#waiters.size >= manyWaiters)
          await new Promise((resolve) => setTimeout(resolve, gatherMs));
      } catch (error) {
        due.giveBack();
        if (!this.#closed) this.#observer.warn('tailing the log failed and is tried again', { error: String(error) });
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      await due.next();
    }
  }

  async #read(shards: readonly number[]): Promise<TailRow[]> {
    if (shards.length === 0) return [];
    const { rows } = await this.#pool.query<TailRow>({
      name: 'tail_log',
      text: 'select * from billing.tail($1::smallint[], $2::bigint[], $3)',
      values: [shards, shards.map((shard) => this.#positions.get(shard) ?? 0), batchSize],
    });
    return rows;
  }

  #see(row: TailRow): void {
    this.#positions.set(row.shard, Number(row.position));
    const key = `${row.tenant_id}/${row.stream_id}/${row.correlation_id}`;
    this.#recent.set(key, row.version);
    for (const wake of [...(this.#waiters.get(key) ?? [])]) wake(row.version);
  }
}
