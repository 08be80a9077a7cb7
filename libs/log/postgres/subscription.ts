import type { RecordedEvent } from '#contracts';
import { isTransient } from '#event-store';
import type { Pool, PoolClient } from 'pg';

import type { LogObserver, Subscription, SubscriptionOptions } from '../port.js';
import { CheckpointMoved, loadCheckpoints, moveCheckpoints, positionsAfter } from './checkpoints.js';
import { DeadLetters } from './dead-letters.js';
import { readAfter } from './read.js';
import type { Wakeups } from './wakeups.js';

const pollMs = 100;
const backoffMs = (failures: number): number => Math.min(50 * 2 ** failures, 5_000);

/** One consumer's loop: read, digest and move the checkpoint in one transaction, wait. It ends only when it is closed. */
export class PostgresSubscription implements Subscription {
  readonly #pool: Pool;
  readonly #wakeups: Wakeups;
  readonly #observer: LogObserver;
  readonly #options: Required<Omit<SubscriptionOptions, 'committed'>> & Pick<SubscriptionOptions, 'committed'>;
  readonly #deadLetters: DeadLetters;
  #positions = new Map<number, number>();
  #waiters: { target: Map<number, number>; resolve: () => void }[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(pool: Pool, wakeups: Wakeups, observer: LogObserver, options: SubscriptionOptions) {
    this.#pool = pool;
    this.#wakeups = wakeups;
    this.#observer = observer;
    this.#options = { batchSize: 500, maxTries: 5, ...options };
    this.#deadLetters = new DeadLetters(options.consumer);
  }

  async start(): Promise<void> {
    await this.#reload();
    this.#running = this.#run();
  }

  positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  async whenCaughtUp(): Promise<void> {
    const { rows } = await this.#pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    const target = new Map(rows.map((row) => [row.shard, Number(row.position)]));
    await new Promise<void>((resolve) => {
      this.#waiters.push({ target, resolve });
      this.#releaseWaiters();
      this.#wakeups.wakeAll();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeups.wakeAll();
    await this.#running;
  }

  async #reload(): Promise<void> {
    this.#positions = await loadCheckpoints(this.#pool, this.#options.consumer);
    await this.#deadLetters.load(this.#pool);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      try {
        // Listen before reading: what is appended in between must not be slept over.
        const woken = this.#wakeups.next(pollMs);
        const events = await readAfter(this.#pool, this.#positions, this.#options.batchSize);
        if (events.length > 0) await this.#digest(events);
        else await woken;
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#observer.warn('reading the log failed and is tried again', {
          consumer: this.#options.consumer,
          failures,
          error: String(error),
        });
        await this.#wakeups.next(backoffMs(failures));
        if (error instanceof CheckpointMoved) await this.#reload().catch(() => undefined);
      }
    }
  }

  /** Digests a batch; where it fails for good, one event at a time, so that only the poison one is set aside. */
  async #digest(events: readonly RecordedEvent[]): Promise<void> {
    try {
      await this.#commit(events, (client, live) => this.#options.handle(live, client));
    } catch (error) {
      if (error instanceof CheckpointMoved || isTransient(error)) throw error;
      for (const event of events) await this.#digestAlone(event);
    }
  }

  async #digestAlone(event: RecordedEvent): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#commit([event], (client, live) =>
          live.length > 0 ? this.#options.handle(live, client) : Promise.resolve(),
        );
        return;
      } catch (error) {
        if (error instanceof CheckpointMoved || isTransient(error) || this.#closed) throw error;
        if (tries >= this.#options.maxTries) {
          await this.#bury(event, error, tries);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, backoffMs(tries)));
      }
    }
  }

  async #bury(event: RecordedEvent, error: unknown, tries: number): Promise<void> {
    const { consumer } = this.#options;
    await this.#commit([event], (client) => this.#deadLetters.addPoison(client, event, error, tries));
    this.#deadLetters.block(event);
    this.#observer.warn('an event was set aside as a dead letter; its stream waits behind it', {
      consumer,
      shard: event.shard,
      position: event.position,
      type: event.type,
      error: String(error),
    });
  }

  async #commit(
    events: readonly RecordedEvent[],
    work: (client: PoolClient, live: readonly RecordedEvent[]) => Promise<void>,
  ): Promise<void> {
    const live = events.filter((event) => !this.#deadLetters.isBlocked(event));
    const target = positionsAfter(events);
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      await work(client, live);
      if (live.length < events.length)
        await this.#deadLetters.addBlocked(
          client,
          events.filter((event) => this.#deadLetters.isBlocked(event)),
        );
      await moveCheckpoints(client, this.#options.consumer, this.#positions, target);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch((failed: unknown) => {
        broken = failed as Error;
      });
      throw error;
    } finally {
      client.release(broken);
    }
    for (const [shard, position] of target) this.#positions.set(shard, position);
    this.#releaseWaiters();
    this.#options.committed?.(live);
  }

  #releaseWaiters(): void {
    this.#waiters = this.#waiters.filter(({ target, resolve }) => {
      for (const [shard, position] of target) if ((this.#positions.get(shard) ?? 0) < position) return true;
      resolve();
      return false;
    });
  }
}
