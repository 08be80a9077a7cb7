import { setTimeout as sleep } from 'node:timers/promises';

import type { RecordedEvent } from '#contracts';
import type { EventRow } from '#event-store';
import { isTransient, recordedFrom } from '#event-store';
import type { Pool, PoolClient } from 'pg';

import type { LogObserver, SubscriptionOptions } from '../port.js';
import { CheckpointMoved, loadCheckpoints, moveCheckpoints, positionsAfter } from './checkpoints.js';
import { DeadLetters } from './dead-letters.js';

/** Raised when the database was out of reach, whatever the handler did: says nothing about the events. */
class DatabaseAway extends Error {
  constructor(cause: unknown) {
    super(`the database is out of reach: ${String(cause)}`, { cause });
    this.name = 'DatabaseAway';
  }
}

/** How long to wait before the next try after so many failures in a row. */
export const backoffMs = (failures: number): number => Math.min(50 * 2 ** failures, 5_000);

/** What Postgres or the system reports by code; a handler's own words are not taken for that. */
const isMomentary = (error: unknown): boolean =>
  error instanceof DatabaseAway ||
  error instanceof CheckpointMoved ||
  (error instanceof Error && 'code' in error && typeof error.code === 'string' && isTransient(error));

export interface DeliveryOptions extends Pick<SubscriptionOptions, 'consumer' | 'handle' | 'committed'> {
  maxTries: number;
}

/**
 * Hands batches to a consumer, each in the transaction that also moves its checkpoint. A batch that fails for good is handed
 * over one event at a time; the one that still fails is set aside, and its stream behind it.
 */
export class Delivery {
  readonly #pool: Pool;
  readonly #observer: LogObserver;
  readonly #options: DeliveryOptions;
  readonly #deadLetters: DeadLetters;
  readonly #stopped: AbortSignal;
  #positions = new Map<number, number>();

  constructor(pool: Pool, observer: LogObserver, options: DeliveryOptions, stopped: AbortSignal) {
    this.#pool = pool;
    this.#observer = observer;
    this.#options = options;
    this.#stopped = stopped;
    this.#deadLetters = new DeadLetters(options.consumer);
  }

  /** Last digested position of each shard. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /** Reads from the database where this consumer stands. */
  async load(): Promise<void> {
    this.#positions = await loadCheckpoints(this.#pool, this.#options.consumer);
    await this.#deadLetters.load(this.#pool);
  }

  /** Digests `rows`, which follow the positions. Throws when they have to be read again, and nothing was digested for good. */
  async deliver(rows: readonly EventRow[]): Promise<void> {
    try {
      const live = rows.filter((row) => !this.#deadLetters.isBlocked(row));
      const events = live.map((row) => recordedFrom(row));
      await this.#commit(rows, (client) => this.#handle(events, client));
      this.#tell(events);
    } catch (error) {
      if (isMomentary(error)) throw error;
      for (const row of rows) await this.#deliverAlone(row);
    }
  }

  async #deliverAlone(row: EventRow): Promise<void> {
    if (this.#deadLetters.isBlocked(row)) return this.#commit([row], () => Promise.resolve());
    let event: RecordedEvent;
    try {
      event = recordedFrom(row);
    } catch (error) {
      return this.#bury(row, error, 1); // trying again cannot make it readable
    }
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#commit([row], (client) => this.#handle([event], client));
        this.#tell([event]);
        return;
      } catch (error) {
        if (isMomentary(error) || this.#stopped.aborted) throw error;
        if (tries >= this.#options.maxTries) return this.#bury(row, error, tries);
        await sleep(backoffMs(tries), undefined, { signal: this.#stopped });
      }
    }
  }

  async #bury(row: EventRow, error: unknown, tries: number): Promise<void> {
    await this.#commit([row], (client) => this.#deadLetters.addPoison(client, row, error, tries));
    this.#deadLetters.block(row);
    this.#observer.warn('an event was set aside as a dead letter; its stream waits behind it', {
      consumer: this.#options.consumer,
      shard: row.shard,
      position: Number(row.position),
      type: row.type,
      error: String(error),
    });
  }

  async #handle(events: readonly RecordedEvent[], client: PoolClient): Promise<void> {
    if (events.length > 0) await this.#options.handle(events, client);
  }

  /** The effect stands: what listeners make of it must not look like a failed batch. */
  #tell(events: readonly RecordedEvent[]): void {
    if (events.length === 0) return;
    try {
      this.#options.committed?.(events);
    } catch (error) {
      this.#observer.warn('a listener to committed events failed', {
        consumer: this.#options.consumer,
        error: String(error),
      });
    }
  }

  async #commit(rows: readonly EventRow[], work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw new DatabaseAway(error);
    });
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError); // a connection that dies between two statements would end the process
    const target = positionsAfter(rows);
    try {
      await client.query('begin');
      await work(client);
      const blocked = rows.filter((row) => this.#deadLetters.isBlocked(row));
      if (blocked.length > 0) await this.#deadLetters.addBlocked(client, blocked);
      await moveCheckpoints(client, this.#options.consumer, this.#positions, target);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(onError);
      throw broken ? new DatabaseAway(error) : error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
    for (const [shard, position] of target) this.#positions.set(shard, position);
  }
}
