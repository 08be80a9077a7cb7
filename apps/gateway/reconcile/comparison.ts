import type { StreamReader, TenantShards } from '#event-store';
import type { PlatformKeys } from '#keys';
import type { Logger } from '#platform/logging';
import type { Processor } from '#processor';
import type { Pool } from 'pg';

import type { Desk } from '../operations/operation.js';
import { RateLimit } from '../line/rate-limit.js';
import { Closing, faultOfOne } from './faults.js';
import type { ReconciliationMetrics } from './metrics.js';
import type { Finding, FoundObject, Run } from './run.js';
import type { Progress, RunStore } from './run-store.js';

/** What reconciliation works with, beside what calls do. */
export interface Office {
  pool: Pool;
  desk: Desk;
  reader: StreamReader;
  shards: TenantShards;
  platformKeys: PlatformKeys;
  /** Whether the processor's events of this environment are live ones. */
  livemode: boolean;
  store: RunStore;
  metrics: ReconciliationMetrics;
  logger: Logger;
  /** Looks at the processor a second at most, each of which is up to three calls: payments come first. */
  looksPerSecond: number;
  /** How long before the end of its window a run leaves events alone: they may be on their way. */
  deliveryMs: number;
  /** How long a run is one gateway's own without a sign of progress. */
  leaseMs: number;
  /** How long until it is looked again whether the books rest. Default 500. */
  booksPauseMs?: number;
}

/** Objects that a listing gives at once: as many as the processor gives with one call. */
const pageSize = 100;
/** How often progress is saved within a step. */
const saveEveryMs = 2_000;

/** One run in the hands of this gateway: what it has found, how far it is, and that it is still this gateway's. */
export class Comparison {
  readonly run: Run;
  readonly office: Office;
  readonly #isClosing: () => boolean;
  readonly #rate: RateLimit;
  #progress: Progress;
  #savedAt = 0;

  constructor(run: Run, office: Office, stepsTotal: number, isClosing: () => boolean) {
    this.run = run;
    this.office = office;
    this.#isClosing = isClosing;
    this.#rate = new RateLimit(office.looksPerSecond);
    this.#progress = { ...run.place, stepsDone: 0, stepsTotal, compared: 0 };
  }

  /** Where to go on within the step that was begun. */
  get within(): string | undefined {
    return this.#progress.within;
  }

  now(): Date {
    return this.office.desk.now();
  }

  /** Asks the processor, at the pace of a run and by the same line as calls do. Throws what the line and the processor throw. */
  async ask<T>(question: (processor: Processor) => Promise<T>): Promise<T> {
    const waitMs = this.#rate.take();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    return this.#inLine(() => question(this.office.desk.processor));
  }

  /** What a listing of the processor's gives, a page at a time, each by the same line as calls. Throws like `ask`. */
  async *list<T>(listing: (processor: Processor) => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const items = listing(this.office.desk.processor)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const page = await this.#inLine(() => pageOf(items));
        yield* page;
        if (page.length < pageSize) return;
      }
    } finally {
      await items.return?.();
    }
  }

  /**
   * Does a part of the work on something of the processor's. Where it fails by itself, that is what was found about it, and the rest
   * goes on. Throws what is amiss with the whole: the processor or the database is away, or the run is not ours any more.
   */
  async attempt(
    { object, processorId, objectId, tenantId }: Pick<Finding, 'object' | 'processorId' | 'objectId' | 'tenantId'>,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const aspect = faultOfOne(error);
      if (aspect === undefined) throw error;
      this.office.logger.error({ object, processorId, error: aspect }, 'something could not be compared');
      const outcome = { outcome: 'drift', finding: 'unreadable' } as const;
      await this.compared(object, [{ ...outcome, object, aspect, objectId, processorId, tenantId }]);
    }
  }

  /** Takes note of an object that was compared, and of what was found about it. Throws RunLost, or Closing. */
  async compared(object: FoundObject, findings: readonly Finding[]): Promise<void> {
    const { store, metrics } = this.office;
    await store.found(this.run, findings, this.now());
    metrics.compared(object, findings);
    this.#progress.compared += 1;
    await this.stay();
  }

  /** Shows now and then that the run is being worked on, also where there is nothing to compare. Throws RunLost, or Closing. */
  async stay(): Promise<void> {
    this.#assertOpen();
    if (Date.now() - this.#savedAt >= saveEveryMs) await this.#save();
  }

  /** All up to `within` need not be looked at again. Throws RunLost. */
  async reached(within: string): Promise<void> {
    this.#progress.within = within;
    await this.#save();
  }

  /** Goes on to a step. Throws RunLost, or Closing. */
  async begin(pass: number, step: number, stepsDone: number): Promise<void> {
    this.#assertOpen();
    const isResumed = this.run.place.pass === pass && this.run.place.step === step;
    const within = isResumed ? this.run.place.within : undefined;
    this.#progress = { ...this.#progress, pass, step, within, stepsDone };
    await this.#save();
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const leaseUntil = new Date(this.now().getTime() + this.office.leaseMs);
    return this.office.desk.line.run({ leaseUntil }, work);
  }

  #assertOpen(): void {
    if (this.#isClosing()) throw new Closing();
  }

  async #save(): Promise<void> {
    this.#savedAt = Date.now();
    const progress = this.#progress;
    this.#progress = { ...progress, compared: 0 };
    const until = new Date(this.now().getTime() + this.office.leaseMs);
    await this.office.store.advance(this.run, progress, until);
  }
}

const pageOf = async <T>(items: AsyncIterator<T>): Promise<T[]> => {
  const page: T[] = [];
  while (page.length < pageSize) {
    const next = await items.next();
    if (next.done) break;
    page.push(next.value);
  }
  return page;
};
