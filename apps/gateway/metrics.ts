import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { CallStore } from './calls/call-store.js';
import type { OperationName } from './calls/call.js';
import type { Line } from './line/line.js';

/** What the gateway tells of itself. No label carries an id of a tenant or a person. */
export class GatewayMetrics {
  readonly #calls: Counter<'operation' | 'outcome'>;

  constructor(registry: Registry, line: Line, store: CallStore, now: () => Date) {
    const registers = [registry];
    this.#calls = new Counter({
      name: 'billing_processor_calls_total',
      help: 'Calls to the processor by operation and by what became of them',
      labelNames: ['operation', 'outcome'],
      registers,
    });
    new Gauge({
      name: 'billing_processor_calls_in_flight',
      help: 'Calls on their way to the processor',
      registers,
      collect() {
        this.set(line.inFlight);
      },
    });
    new Gauge({
      name: 'billing_processor_breaker_state',
      help: 'Circuit breaker before the processor: 0 closed, 1 open, 2 half open',
      registers,
      collect() {
        this.set(line.breakerState);
      },
    });
    tableGauges(registers, store, now);
  }

  count(operation: OperationName, outcome: string): void {
    this.#calls.inc({ operation, outcome });
  }
}

/** Read at each scrape. While Postgres is away the last values stay, and the other metrics are told all the same. */
const tableGauges = (registers: Registry[], store: CallStore, now: () => Date): void => {
  new Gauge({
    name: 'billing_processor_unknown_age_seconds',
    help: 'Since when the oldest call of unknown outcome is under way',
    registers,
    async collect() {
      const counted = await store.count().catch(() => undefined);
      if (!counted) return;
      const oldest = counted.find(({ state }) => state === 'unknown')?.oldest;
      this.set(oldest ? (now().getTime() - oldest.getTime()) / 1_000 : 0);
    },
  });
  new Gauge({
    name: 'billing_processor_calls_unfinished',
    help: 'Calls in the table by state; parked ones wait for a person',
    labelNames: ['state'],
    registers,
    async collect() {
      const counted = await store.count().catch(() => undefined);
      if (!counted) return;
      for (const state of ['queued', 'sent', 'unknown', 'parked']) {
        this.set({ state }, counted.find((row) => row.state === state)?.calls ?? 0);
      }
    },
  });
};
