import { Counter, Gauge, Histogram } from '#platform/metrics';
import type { Registry } from '#platform/metrics';
import type { KeyManagementTrouble } from '../errors.js';

export type KmsOutcome = 'ok' | 'refused' | KeyManagementTrouble;

/** What is measured of calls to the KMS; nowhere without a registry. */
export class KmsMetrics {
  readonly #calls: Counter | undefined;
  readonly #seconds: Histogram | undefined;
  readonly #retries: Counter | undefined;
  readonly #registry: Registry | undefined;

  constructor(registry?: Registry) {
    this.#registry = registry;
    if (!registry) return;
    const registers = [registry];
    this.#calls = new Counter({
      name: 'billing_kms_calls_total',
      help: 'Calls to the KMS: ok, refused (wrong context, key or bytes), or why it could not be used',
      labelNames: ['operation', 'outcome'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'billing_kms_call_seconds',
      help: 'How long a call to the KMS took, with its tries',
      labelNames: ['operation'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.#retries = new Counter({
      name: 'billing_kms_retries_total',
      help: 'Tries beyond the first one of a call',
      labelNames: ['operation'],
      registers,
    });
  }

  /** 0 closed, which is well; 1 open; 2 half open. */
  watchBreaker(state: () => number): void {
    if (!this.#registry) return;
    new Gauge({
      name: 'billing_kms_breaker_state',
      help: 'Whether calls are sent to the KMS: 0 they are, 1 none is, 2 one is on its way to see',
      registers: [this.#registry],
      collect() {
        this.set(state());
      },
    });
  }

  /** A call begins; tell what it returns how the call ended. */
  started(operation: string): (outcome: KmsOutcome) => void {
    const took = this.#seconds?.startTimer({ operation });
    return (outcome) => {
      took?.();
      this.#calls?.inc({ operation, outcome });
    };
  }

  retried(operation: string): void {
    this.#retries?.inc({ operation });
  }
}
