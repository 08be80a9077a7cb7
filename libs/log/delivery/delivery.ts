import { setTimeout as sleep } from 'node:timers/promises';

import type { RecordedEvent } from '#contracts';
import type { EventRow } from '#event-store';
import { recordedFrom } from '#event-store';
import type { Pool, PoolClient } from 'pg';

import type { LogObserver, SubscriptionOptions } from '../port.js';
import { Checkpoints } from './checkpoints.js';
import type { DeadLetter } from './dead-letters.js';
import { DeadLetters } from './dead-letters.js';
import { backoffMs, isMomentary } from './failures.js';
import { inTransaction } from './transaction.js';

export interface DeliveryOptions extends Pick<SubscriptionOptions, 'consumer' | 'handle' | 'committed' | 'overtaken'> {
  maxTries: number;
}

/** What else happens in the transaction in which one event is tried alone; each gives what is called once that has committed. */
interface Outcome {
  digested: (client: PoolClient) => Promise<() => void>;
  failed: (client: PoolClient, error: unknown, tries: number) => Promise<() => void>;
}

/**
 * Hands batches to a consumer, each in the transaction that also moves its checkpoint. A batch that fails for good is handed
 * over one event at a time; the one that still fails is set aside, and its stream behind it. The same for every adapter.
 */
export class Delivery {
  readonly deadLetters: DeadLetters;
  readonly #pool: Pool;
  readonly #observer: LogObserver;
  readonly #options: DeliveryOptions;
  readonly #stopped: AbortSignal;
  readonly #checkpoints: Checkpoints;
  #loaded = false;

  constructor(pool: Pool, observer: LogObserver, options: DeliveryOptions, stopped: AbortSignal) {
    this.#pool = pool;
    this.#observer = observer;
    this.#options = options;
    this.#stopped = stopped;
    this.#checkpoints = new Checkpoints(options.consumer);
    this.deadLetters = new DeadLetters(options.consumer);
  }

  /** Last digested position of each shard, as this process knows it. */
  get positions(): ReadonlyMap<number, number> {
    return this.#checkpoints.positions;
  }

  /** Last digested position of each shard, by whichever process. */
  positionsOfAll(): Promise<Map<number, number>> {
    return this.#checkpoints.read(this.#pool);
  }

  /** Reads from the database where this consumer stands. Done again, it means that others have digested for it. */
  async load(): Promise<void> {
    await this.#checkpoints.load(this.#pool);
    await this.deadLetters.load(this.#pool); // after the checkpoints: who sets an event aside moves them
    if (this.#loaded) this.#options.overtaken?.();
    this.#loaded = true;
  }

  /** Digests `rows`, which follow the positions. Throws when they have to be read again, and nothing was digested for good. */
  async deliver(rows: readonly EventRow[]): Promise<void> {
    await this.#checkpoints.expectNext(this.#pool, rows);
    try {
      const live = rows.filter((row) => !this.deadLetters.isBlocked(row));
      const events = live.map((row) => recordedFrom(row));
      const moved = await inTransaction(this.#pool, async (client) => {
        if (events.length > 0) await this.#options.handle(events, client);
        if (live.length < rows.length) await this.#setBlockedAside(client, rows);
        return this.#checkpoints.move(client, rows);
      });
      moved();
      this.#tell(events);
    } catch (error) {
      if (isMomentary(error)) throw error;
      for (const row of rows) await this.#deliverAlone(row);
    }
  }

  /** Tries an event again that was set aside. False when it was put back, and its stream waits on. Throws like `deliver`. */
  async retry({ row, tries }: DeadLetter): Promise<boolean> {
    const digested = await this.#attempt(row, {
      digested: async (client) => {
        await this.deadLetters.remove(client, row);
        return this.#checkpoints.bump(client, row.shard);
      },
      failed: async (client, error, more) => {
        await this.deadLetters.putBack(client, row, error, tries + more);
        return this.#checkpoints.bump(client, row.shard);
      },
    });
    if (digested) this.#observer.count?.('dead_letter_digested', 1);
    return digested;
  }

  async #deliverAlone(row: EventRow): Promise<void> {
    if (this.deadLetters.isBlocked(row)) {
      const moved = await inTransaction(this.#pool, async (client) => {
        await this.#setBlockedAside(client, [row]);
        return this.#checkpoints.move(client, [row]);
      });
      moved();
      return;
    }
    await this.#attempt(row, {
      digested: (client) => this.#checkpoints.move(client, [row]),
      failed: async (client, error, tries) => {
        await this.deadLetters.addPoison(client, row, error, tries);
        const moved = await this.#checkpoints.move(client, [row]);
        return () => {
          moved();
          this.deadLetters.block(row);
          this.#observer.count?.('dead_letter', 1);
        };
      },
    });
  }

  /** Hands one event over, up to `maxTries` times; then sets it aside and gives false. Throws what says nothing about the event. */
  async #attempt(row: EventRow, { digested, failed }: Outcome): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      let readable = false;
      try {
        const event = recordedFrom(row);
        readable = true;
        const settled = await inTransaction(this.#pool, async (client) => {
          await this.#options.handle([event], client);
          return digested(client);
        });
        settled();
        this.#tell([event]);
        return true;
      } catch (error) {
        if (isMomentary(error) || this.#stopped.aborted) throw error;
        // Trying again cannot make an event readable.
        if (!readable || tries >= this.#options.maxTries) {
          const settled = await inTransaction(this.#pool, (client) => failed(client, error, tries));
          settled();
          this.#warnOfDeadLetter(row, error);
          return false;
        }
        await sleep(backoffMs(tries), undefined, { signal: this.#stopped });
      }
    }
  }

  #setBlockedAside(client: PoolClient, rows: readonly EventRow[]): Promise<void> {
    return this.deadLetters.addBlocked(
      client,
      rows.filter((row) => this.deadLetters.isBlocked(row)),
    );
  }

  #warnOfDeadLetter(row: EventRow, error: unknown): void {
    this.#observer.warn('an event was set aside as a dead letter; its stream waits behind it', {
      consumer: this.#options.consumer,
      shard: row.shard,
      position: Number(row.position),
      type: row.type,
      error: String(error),
    });
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
}
