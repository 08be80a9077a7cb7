import type { Interleaving, LeafRun } from '#audit-log';
import { LeafRuns, LeafRunsChanged, leafRunsOf } from '#audit-log';
import type { Pool } from 'pg';

import { runsChanged } from './runs-changed.js';

/** Runs that are written at once, about. */
const runsAtOnce = 10_000;

/**
 * Tells Postgres the runs of steps, in their order. A statement holds whole steps: wherever the work is cut short, what Postgres knows ends where a
 * step does, from where it can be gone on with.
 */
export class StepRuns {
  readonly #runs: LeafRuns;
  #waiting: LeafRun[] = [];

  constructor(pool: Pick<Pool, 'query'>) {
    this.#runs = new LeafRuns(pool);
  }

  /** Takes a step, and writes what waits once it is much. */
  async add(step: Interleaving): Promise<void> {
    this.#waiting.push(...leafRunsOf(step));
    if (this.#waiting.length >= runsAtOnce) await this.flush();
  }

  /** Writes what waits. Throws SealingStopped (runs_changed) where Postgres has something else there. */
  async flush(): Promise<void> {
    try {
      await this.#runs.insert(this.#waiting);
    } catch (error) {
      throw error instanceof LeafRunsChanged ? runsChanged(error.message, { cause: error }) : error;
    }
    this.#waiting = [];
  }
}
