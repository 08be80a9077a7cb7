import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';

/** Why a denial is only counted in a record of others: too many kinds at once, too much waits to be written, or the store is away. */
export type Untold = 'share' | 'queue' | 'store';

/** What the access log tells of itself. Labels are words of our own: no tenant, no caller. */
export class AccessMetrics {
  readonly #denied: Counter<'channel' | 'code'>;
  readonly #granted: Counter<'channel' | 'action'>;
  readonly #untold: Counter<'why'>;
  readonly #lost: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#denied = new Counter({
      name: 'billing_access_denied_total',
      help: 'Callers that were turned away, by door and by the code that they were answered with',
      labelNames: ['channel', 'code'],
      registers,
    });
    this.#granted = new Counter({
      name: 'billing_access_granted_total',
      help: 'Uses of a privilege that were recorded',
      labelNames: ['channel', 'action'],
      registers,
    });
    this.#untold = new Counter({
      name: 'billing_access_denied_untold_total',
      help: 'Denials that are in the log as a number only (other_denials), by why: share, queue, store',
      labelNames: ['why'],
      registers,
    });
    this.#lost = new Counter({
      name: 'billing_access_denied_lost_total',
      help: 'Denials that are not in the log: the process ended while the store was away',
      registers,
    });
  }

  denied(channel: string, code: string): void {
    this.#denied.inc({ channel, code });
  }

  granted(channel: string, action: string): void {
    this.#granted.inc({ channel, action });
  }

  untold(why: Untold, count: number): void {
    this.#untold.inc({ why }, count);
  }

  lost(count: number): void {
    this.#lost.inc(count);
  }
}
