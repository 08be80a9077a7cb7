import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

/** What the gateway tells of its keys of the processor's API. No label tells which key it is. */
export class CredentialMetrics {
  readonly #refused: Counter<'reason'>;
  readonly #valid: Gauge;
  readonly #closed: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#refused = new Counter({
      name: 'billing_api_key_refused_total',
      help: 'Calls that the processor refused because of the key they were sent with, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.#valid = new Gauge({
      name: 'billing_api_keys_valid',
      help: 'Stored API keys that calls can be sent with: one, or two while they rotate; with none nothing is sent',
      registers,
    });
    this.#closed = new Gauge({
      name: 'billing_api_keys_closed',
      help: 'Stored API keys that cannot be used: they do not open, or are of the wrong mode',
      registers,
    });
  }

  refused(reason: string): void {
    this.#refused.inc({ reason });
  }

  held(valid: number, closed: number): void {
    this.#valid.set(valid);
    this.#closed.set(closed);
  }
}
