import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { Verdict } from './desk/verdict.js';

/** What the worker tells of itself. */
export class WorkerMetrics {
  readonly #commands: Counter<'outcome'>;
  readonly #deadLetters: Counter<'reason'>;
  readonly #lag: Gauge<'partition'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#commands = new Counter({
      name: 'billing_command_worker_commands_total',
      help: 'Records of the commands topic that were dealt with, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#deadLetters = new Counter({
      name: 'billing_command_worker_dead_letters_total',
      help: 'Records that were set aside, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.#lag = new Gauge({
      name: 'billing_command_worker_lag',
      help: 'Records of a partition that were stored but not dealt with, when the last of a batch was done.',
      labelNames: ['partition'],
      registers,
    });
  }

  done(outcome: Verdict['outcome'], reason: string | undefined): void {
    this.#commands.inc({ outcome });
    if (reason !== undefined) this.#deadLetters.inc({ reason });
  }

  lag(partition: number, records: number): void {
    this.#lag.set({ partition }, records);
  }
}
