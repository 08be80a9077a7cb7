import type { Pool } from 'pg';

import { defaultBatchSize, LogSubscription } from '../delivery/subscription.js';
import type { Log, LogObserver, Subscription, SubscriptionOptions } from '../port.js';
import { PostgresRows } from './rows.js';
import { Wakeups } from './wakeups.js';

/** The log read straight from Postgres: woken by NOTIFY, with a poll behind it. For the embedded default, and always for tails. */
export class PostgresLog implements Log {
  readonly #pool: Pool;
  readonly #wakeups: Wakeups;
  readonly #observer: LogObserver;
  readonly #subscriptions: Subscription[] = [];

  /** `connectionString` is for the listening connection; `pool` logs in as the same role. */
  constructor(pool: Pool, connectionString: string, observer: LogObserver) {
    this.#pool = pool;
    this.#observer = observer;
    this.#wakeups = new Wakeups(connectionString, observer);
  }

  async subscribe(options: SubscriptionOptions): Promise<Subscription> {
    const rows = new PostgresRows(this.#pool, this.#wakeups, options.batchSize ?? defaultBatchSize);
    const subscription = new LogSubscription(this.#pool, this.#observer, rows, options);
    await subscription.start();
    this.#subscriptions.push(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    const closing = this.#subscriptions.map((subscription) => subscription.close());
    await this.#wakeups.close();
    await Promise.all(closing);
  }
}
