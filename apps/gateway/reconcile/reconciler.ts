import { Rounds } from '#platform/waiting';

import { backoffMs } from '../calls/backoff.js';
import type { Office } from './comparison.js';
import { Comparison } from './comparison.js';
import { Closing, reasonOf } from './faults.js';
import { passes, workOf } from './passes.js';
import type { Run } from './run.js';
import { RunLost } from './run-store.js';
import { nextTurn } from './schedule.js';

export interface ReconcilerOptions {
  office: Office;
  /** How often to begin a run by itself, in hours; 0: never. */
  everyHours: number;
  /** How often to look for runs that are due. Default 500. */
  pollMs?: number;
}

const scheduleEveryMs = 60_000;
/** How often a run may be taken up without getting any further: with the delays in between about six hours. */
const maxStuck = 40;
const minuteMs = 60_000;

/** Does the reconciliation runs that an operator or the schedule asks for, one at a time over all gateways. */
export class Reconciler {
  readonly #office: Office;
  readonly #everyHours: number;
  readonly #pollMs: number;
  readonly #startedAt: Date;
  readonly #rounds = new Rounds();
  #scheduledAt = 0;

  constructor({ office, everyHours, pollMs = 500 }: ReconcilerOptions) {
    this.#office = office;
    this.#everyHours = everyHours;
    this.#pollMs = pollMs;
    this.#startedAt = office.desk.now();
  }

  /** Begins to look for runs that are due. */
  start(): void {
    this.#rounds.start(
      async () => {
        await this.#turn();
        return this.#pollMs;
      },
      (error) => {
        const why = { error: reasonOf(error) };
        this.#office.logger.warn(why, 'reconciliation could not be looked after and is tried again');
        return this.#pollMs;
      },
    );
  }

  /** Leaves the run in hand, at the object that is being compared, to whoever comes next; waits for that `graceMs` at most. */
  async close(graceMs = 8_000): Promise<void> {
    await this.#rounds.close(graceMs);
  }

  /** The run that is due, where there is one. */
  async #turn(): Promise<void> {
    await this.#schedule();
    const { desk, store, leaseMs } = this.#office;
    const now = desk.now();
    const run = await store.take(now, new Date(now.getTime() + leaseMs));
    if (run) await this.#work(run);
  }

  async #schedule(): Promise<void> {
    const { desk, store } = this.#office;
    const now = desk.now();
    if (this.#everyHours === 0 || now.getTime() - this.#scheduledAt < scheduleEveryMs) return;
    this.#scheduledAt = now.getTime();
    const next = nextTurn({ now, startedAt: this.#startedAt, everyHours: this.#everyHours, last: await store.last() });
    if (next) await store.schedule(next.turn, next.window);
  }

  async #work(run: Run): Promise<void> {
    const { store, desk, logger } = this.#office;
    const { runId } = run;
    try {
      if (run.stuck > maxStuck) {
        logger.error({ runId }, 'a reconciliation was given up: it did not get any further');
        await store.finish(run, 'failed', desk.now(), 'stuck');
        return;
      }
      await this.#go(run);
      await store.finish(run, 'done', desk.now());
      await store.purge(desk.now());
    } catch (error) {
      if (error instanceof RunLost) return;
      const isClosing = error instanceof Closing;
      const reason = isClosing ? 'gateway_closed' : reasonOf(error);
      if (!isClosing) logger.warn({ runId, error: reason }, 'a reconciliation was interrupted and goes on later');
      const delayMs = isClosing ? 0 : backoffMs(run.stuck, 1_000, 10 * minuteMs);
      await store.postpone(run, new Date(desk.now().getTime() + delayMs), reason).catch((failure: unknown) => {
        if (!(failure instanceof RunLost)) throw failure;
      });
    }
  }

  /** From where the run stands to its end. */
  async #go(run: Run): Promise<void> {
    const steps = passes.map((pass) => pass.steps(run.window));
    const total = steps.reduce((sum, count) => sum + count, 0);
    const comparison = new Comparison(run, this.#office, total, () => this.#rounds.closed);
    const work = workOf(comparison);
    let stepsDone = 0;
    for (const [number, pass] of passes.entries()) {
      const count = steps[number] ?? 0;
      for (let step = 0; step < count; step += 1, stepsDone += 1) {
        if (number < run.place.pass || (number === run.place.pass && step < run.place.step)) continue;
        await comparison.begin(number, step, stepsDone);
        const about = { object: pass.object, processorId: 'list', tenantId: undefined };
        await comparison.attempt(about, () => pass.run(work, step));
      }
    }
    // What was compared since the last time, and that all steps are behind.
    await comparison.begin(passes.length, 0, total);
  }
}
