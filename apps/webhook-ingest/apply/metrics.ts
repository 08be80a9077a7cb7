import type { Registry } from '#platform/metrics';
import { Counter, Histogram } from '#platform/metrics';

import type { TakenEvent } from '../inbox/index.js';

/** What applying tells of itself. No label carries an id of a tenant, a person or an object. */
export class ApplyMetrics {
  readonly #verdicts: Counter<'state' | 'reason'>;
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#verdicts = new Counter({
      name: 'billing_webhook_verdicts_total',
      help: 'Events of the processor by what became of them: quarantined and failed ones wait for a person',
      labelNames: ['state', 'reason'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'billing_webhook_apply_seconds',
      help: 'From the reception of an event of the processor until it was applied',
      buckets: [0.01, 0.05, 0.25, 1, 5, 30, 120, 900],
      registers,
    });
  }

  /** `reason`: a code, or the outcome of what was applied; a version or field that follows the code is left out. */
  count(state: string, reason: string): void {
    this.#verdicts.inc({ state, reason: reason.split(' ', 1)[0] ?? '' });
  }

  applied({ receivedAt }: TakenEvent, now: Date): void {
    this.#seconds.observe(Math.max(0, (now.getTime() - receivedAt.getTime()) / 1_000));
  }
}
