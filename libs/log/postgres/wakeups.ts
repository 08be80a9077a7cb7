import { EventEmitter } from 'node:events';

import { allShards } from '#event-store';
import { databaseConnection } from '#platform/database';
import pg from 'pg';

import type { LogObserver } from '../port.js';

const retryMs = 2_000;

/**
 * Listens for the one NOTIFY of each appended batch. It only shortens waiting: every reader polls as well, so a listener that
 * is down costs milliseconds, never an event. Reconnects by itself, at most once in two seconds.
 */
export class Wakeups {
  readonly #emitter = new EventEmitter().setMaxListeners(0); // one listener a waiting reader
  readonly #connectionString: string;
  readonly #observer: LogObserver;
  #heard = 0;
  /** The wake-up that was the last for each shard. */
  readonly #lastOf = new Map<number, number>();
  #lastOfAll = 0;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connectionString: string, observer: LogObserver) {
    this.#connectionString = connectionString;
    this.#observer = observer;
    void this.#connect();
  }

  /** How many wake-ups there were: what a reader notes before it reads, so that nothing in between is slept over. */
  get heard(): number {
    return this.#heard;
  }

  /** Resolves as soon as there was a wake-up after `heard`, or after `timeoutMs`. */
  after(heard: number, timeoutMs: number): Promise<void> {
    if (this.#heard > heard || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#emitter.off('wake', done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#emitter.once('wake', done);
    });
  }

  /** The shards that there were wake-ups for after `heard`; undefined when it may have been any. */
  shardsAfter(heard: number): number[] | undefined {
    if (this.#lastOfAll > heard) return undefined;
    return [...this.#lastOf].filter(([, last]) => last > heard).map(([shard]) => shard);
  }

  /** Lets every waiter go at once, to look at every shard. */
  wakeAll(): void {
    this.#lastOfAll = this.#heard + 1;
    this.#wake();
  }

  /** Whoever may connect may notify: what names no shard is no reason to read one that does not exist. */
  #hear(payload = ''): void {
    const shard = allShards.find((each) => String(each) === payload);
    if (shard === undefined) {
      this.wakeAll();
      return;
    }
    this.#lastOf.set(shard, this.#heard + 1);
    this.#wake();
  }

  #wake(): void {
    this.#heard += 1;
    this.#emitter.emit('wake');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.wakeAll();
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      ...databaseConnection(this.#connectionString),
      application_name: 'billing listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    this.#client = client;
    client.on('notification', ({ payload }) => this.#hear(payload));
    client.on('error', (error) => this.#reconnect(client, error));
    client.on('end', () => this.#reconnect(client, new Error('the connection ended')));
    try {
      await client.connect();
      await client.query('listen billing_log');
    } catch (error) {
      this.#reconnect(client, error);
    }
  }

  #reconnect(client: pg.Client, error: unknown): void {
    if (this.#closed || client !== this.#client) return; // an old connection says that it is gone: we know
    this.#client = undefined;
    this.#observer.warn('listening for appends failed; polling until it works again', { error: String(error) });
    void client.end().catch(() => undefined);
    this.#retry = setTimeout(() => void this.#connect(), retryMs);
  }
}
