import { EventEmitter } from 'node:events';

import pg from 'pg';

import type { LogObserver } from '../port.js';

/**
 * Listens for the one NOTIFY of each appended batch. It only shortens waiting: every reader polls as well, so a listener that
 * is down costs milliseconds, never an event. Reconnects by itself, at most once in two seconds.
 */
export class Wakeups {
  readonly #emitter = new EventEmitter({ captureRejections: false }).setMaxListeners(100);
  readonly #connectionString: string;
  readonly #observer: LogObserver;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connectionString: string, observer: LogObserver) {
    this.#connectionString = connectionString;
    this.#observer = observer;
    void this.#connect();
  }

  /** Resolves at the next append to any shard, or after `timeoutMs`. */
  next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#emitter.off('append', done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#emitter.once('append', done);
    });
  }

  /** Lets every waiter go at once. */
  wakeAll(): void {
    this.#emitter.emit('append');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.wakeAll();
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'billing listen',
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', () => this.wakeAll());
    client.on('error', (error) => this.#reconnect(error));
    client.on('end', () => this.#reconnect(new Error('the connection ended')));
    try {
      await client.connect();
      await client.query('listen billing_log');
    } catch (error) {
      this.#reconnect(error);
    }
  }

  #reconnect(error: unknown): void {
    if (this.#closed || this.#retry) return;
    this.#observer.warn('listening for appends failed; polling until it works again', { error: String(error) });
    void this.#client?.end().catch(() => undefined);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (!this.#closed) void this.#connect();
    }, 2_000);
  }
}
