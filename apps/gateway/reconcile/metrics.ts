import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { Difference, Finding, FoundObject } from './run.js';
import type { RunStore } from './run-store.js';

type Outcome = 'agreed' | 'repaired' | Difference['finding'];

/** What reconciliation tells of itself. No label carries an id of a tenant or a person. */
export class ReconciliationMetrics {
  readonly #objects: Counter<'object' | 'outcome'>;

  constructor(registry: Registry, store: RunStore, now: () => Date) {
    const registers = [registry];
    this.#objects = new Counter({
      name: 'billing_reconciliation_findings_total',
      help: "Objects compared with the processor's by what was found: agreed, repaired, or how they differ",
      labelNames: ['object', 'outcome'],
      registers,
    });
    lastRunGauges(registers, store, now);
  }

  compared(object: FoundObject, findings: readonly Finding[]): void {
    if (findings.length === 0) this.#objects.inc({ object, outcome: 'agreed' satisfies Outcome });
    for (const { object: found, outcome, finding } of findings) {
      this.#objects.inc({ object: found, outcome: (outcome === 'repaired' ? outcome : finding) satisfies Outcome });
    }
  }
}

/** Read at each scrape, so that every gateway tells the same. While Postgres is away the last values stay. */
const lastRunGauges = (registers: Registry[], store: RunStore, now: () => Date): void => {
  const done = async () => (await store.last().catch(() => undefined))?.done;
  new Gauge({
    name: 'billing_reconciliation_drift',
    help: 'Differences from the processor that the last finished reconciliation left for a person',
    registers,
    async collect() {
      const last = await done();
      if (last) this.set(last.drift);
    },
  });
  new Gauge({
    name: 'billing_reconciliation_age_seconds',
    help: 'Since when no reconciliation has come to its end; 0 before the first',
    registers,
    async collect() {
      const last = await done();
      if (last) this.set((now().getTime() - last.finishedAt.getTime()) / 1_000);
    },
  });
};
