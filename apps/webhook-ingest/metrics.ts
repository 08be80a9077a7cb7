import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { Inbox, Stored } from './inbox/index.js';

/** What the first half tells of itself, and how much waits for the second. No label carries an id. */
export class IngestMetrics {
  readonly #deliveries: Counter<'outcome'>;
  readonly #refusals: Counter<'code'>;
  readonly #secretsClosed: Gauge;

  constructor(registry: Registry, inbox: Inbox, now: () => Date = () => new Date()) {
    const registers = [registry];
    this.#deliveries = new Counter({
      name: 'billing_webhook_deliveries_total',
      help: 'Verified deliveries by what they brought: stored, duplicate, replayed (the very same request again), conflict (another content)',
      labelNames: ['outcome'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'billing_webhook_refusals_total',
      help: 'Requests that were not answered with 200, by the code of the answer',
      labelNames: ['code'],
      registers,
    });
    this.#secretsClosed = new Gauge({
      name: 'billing_webhook_secrets_closed',
      help: 'Stored secrets of webhook endpoints that do not open: what is signed with them is refused',
      registers,
    });
    inboxGauges(registers, inbox, now);
  }

  accepted(outcome: Stored | 'replayed'): void {
    this.#deliveries.inc({ outcome });
  }

  secretsClosed(count: number): void {
    this.#secretsClosed.set(count);
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }
}

const unfinished = ['received', 'waiting', 'quarantined', 'failed'] as const;

/** Read at each scrape. While Postgres is away the last values stay, and the other metrics are told all the same. */
const inboxGauges = (registers: Registry[], inbox: Inbox, now: () => Date): void => {
  new Gauge({
    name: 'billing_webhook_events_unfinished',
    help: 'Events that are not done with, by state; quarantined and failed ones wait for a person',
    labelNames: ['state'],
    registers,
    async collect() {
      const counted = await inbox.count().catch(() => undefined);
      if (!counted) return;
      for (const state of unfinished) this.set({ state }, counted.find((row) => row.state === state)?.events ?? 0);
    },
  });
  new Gauge({
    name: 'billing_webhook_event_age_seconds',
    help: 'Since when the oldest event of a state has been there',
    labelNames: ['state'],
    registers,
    async collect() {
      const counted = await inbox.count().catch(() => undefined);
      if (!counted) return;
      for (const state of unfinished) {
        const oldest = counted.find((row) => row.state === state)?.oldest;
        this.set({ state }, oldest ? Math.max(0, (now().getTime() - oldest.getTime()) / 1_000) : 0);
      }
    },
  });
};
