import { isTenantId } from '#access/tenancy';
import { isTransient } from '#event-store';
import type { Keys, TenantKeyRotation } from '#keys';
import { KeyManagementUnavailable, NewestKeyUnusable, NewestRefused, isRotating } from '#keys';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { Pause, within } from '#platform/waiting';
import type { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import { backoffMs } from '../calls/backoff.js';
import { reasonOf } from '../reconcile/faults.js';
import { DueKeys } from './due-keys.js';
import { withKeeperLock } from './lock.js';
import { KeeperMetrics } from './metrics.js';
import { Interrupted, Reencryption } from './reencryption.js';
import type { ReencryptionRun } from './run-store.js';
import { ReencryptionRuns } from './run-store.js';
import { sealedTables } from './sealed-rows.js';

/** What looking after keys takes. */
export interface KeyKeeping {
  rotation: TenantKeyRotation;
  /** With a cache of their own. */
  keys: Keys;
  /** After how many days a key is replaced. */
  lifeDays: number;
  warnings?: Warnings;
  /** How often to look for runs that were asked for. Default 1,000. */
  pollMs?: number;
  /** How often to look for keys that are due. Default 3,600,000. */
  roundMs?: number;
  /** Rows that are sealed anew in one statement. Default 500. */
  batchSize?: number;
  /** For how long after a rotation others may seal under the version before. Default 600,000: twice the age of a key in a cache. */
  settleMs?: number;
}

export interface KeyKeeperOptions extends KeyKeeping {
  /** Logs in as the gateway's role. */
  pool: Pool;
  metrics: Registry;
  logger: Logger;
}

/** After a round that failed. */
const retryMs = 60_000;
/** Keys that fail one after the other before the round is given up: so many are about no one tenant, who has a handful. */
const maxFailedInARow = 50;
/** Tenants whose keys are made as soon as they are there, at once at most; the round finds the others. */
const maxWelcomed = 1_000;
/** How often a run may be interrupted without getting any further: with the delays in between about six hours. */
const maxStuck = 40;
const warningCode = 'keys_overdue';

/**
 * Looks after tenants' keys: makes those of new tenants, replaces those that are old, and seals anew what stands under old ones. Of all
 * gateways one at a time does so; what it was at when it died, the next one goes on with.
 */
export class KeyKeeper {
  readonly #options: KeyKeeperOptions;
  readonly #due: DueKeys;
  readonly #runs: ReencryptionRuns;
  readonly #reencryption: Reencryption;
  readonly #closing = new AbortController();
  readonly #pause = new Pause();
  readonly #welcomed = new Set<string>();
  /** Why the last round did not replace all that was due: a code. */
  #trouble: string | undefined;
  #nextRound = 0;
  #working: Promise<void> | undefined;

  constructor(options: KeyKeeperOptions) {
    const { pool, keys, lifeDays, batchSize = 500, settleMs = 600_000 } = options;
    this.#options = options;
    this.#due = new DueKeys(pool);
    this.#runs = new ReencryptionRuns(pool);
    const metrics = new KeeperMetrics(options.metrics, { due: this.#due, runs: this.#runs, lifeDays });
    const tables = sealedTables(pool, keys);
    this.#reencryption = new Reencryption({ runs: this.#runs, keys, tables, metrics, batchSize, settleMs });
  }

  /** Begins to look after the keys. */
  start(): void {
    this.#working = this.#watch();
  }

  /** There is a new tenant: its keys are made at once. */
  welcome(tenantId: string): void {
    if (!isTenantId(tenantId) || this.#welcomed.size >= maxWelcomed) return;
    this.#welcomed.add(tenantId);
    this.#pause.end();
  }

  /** Leaves what it is at, after the batch in hand, to whoever comes next; waits for that `graceMs` at most. */
  async close(graceMs = 8_000): Promise<void> {
    this.#closing.abort();
    this.#pause.end();
    await within(this.#working, graceMs);
  }

  async #watch(): Promise<void> {
    const { pollMs = 1_000, logger } = this.#options;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#makeWelcome();
        if (performance.now() >= this.#nextRound || (await this.#runs.isDue())) await this.#turn();
      } catch (error) {
        this.#nextRound = performance.now() + retryMs;
        logger.warn({ error: codeOf(error) }, 'keys could not be looked after; it is tried again');
      }
      if (!this.#closing.signal.aborted && this.#welcomed.size === 0) await this.#pause.last(pollMs);
    }
  }

  async #makeWelcome(): Promise<void> {
    for (const tenantId of this.#welcomed) {
      this.#welcomed.delete(tenantId);
      await this.#options.rotation.create(tenantId);
    }
  }

  /** What is due, where no other gateway is at it. */
  async #turn(): Promise<void> {
    const isRound = performance.now() >= this.#nextRound;
    try {
      await withKeeperLock(this.#options.pool, async (lost) => {
        const signal = AbortSignal.any([lost, this.#closing.signal]);
        if (isRound) await this.#round(signal);
        const run = await this.#runs.next();
        if (run && !signal.aborted) await this.#goOn(run, signal);
      });
    } catch (error) {
      this.#trouble = codeOf(error);
      throw error;
    } finally {
      // Above all where nothing could be replaced.
      if (isRound) await this.#tell();
    }
    if (!isRound) return;
    this.#nextRound = performance.now() + (this.#options.roundMs ?? 3_600_000);
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { rotation, lifeDays, settleMs = 600_000, logger } = this.#options;
    this.#trouble = undefined;
    await this.#each(this.#due.withoutKeys(), (tenantId) => rotation.create(tenantId), signal);
    const rotated = await this.#each(this.#due.due(lifeDays), (key) => rotation.rotate(key), signal);
    if (rotated > 0) logger.info({ keys: rotated }, 'keys were old and have been replaced');
    if (!signal.aborted) await this.#runs.schedule(settleMs);
  }

  /**
   * Does `work` for each in turn, and gives how often something came of it. What goes wrong with one is told and stops none of the others;
   * what goes wrong with all of them ends it.
   */
  async #each<T>(
    wanted: AsyncIterable<T>,
    work: (each: T) => Promise<number | boolean>,
    signal: AbortSignal,
  ): Promise<number> {
    let [done, failed, inARow] = [0, 0, 0];
    for await (const each of wanted) {
      if (signal.aborted) break;
      try {
        if (await work(each)) done += 1;
        inARow = 0;
      } catch (error) {
        [failed, inARow] = [failed + 1, inARow + 1];
        this.#trouble = codeOf(error);
        if (isOfAll(error) || inARow >= maxFailedInARow) throw error;
      }
    }
    if (failed > 0)
      this.#options.logger.error({ keys: failed, error: this.#trouble }, 'some keys could not be made or replaced');
    return done;
  }

  /** Whoever asks whether this process is ready is told of keys that are overdue: tenants'. Of the platform's, the ingest tells, which replaces it. */
  async #tell(): Promise<void> {
    const ages = (await this.#due.ages(this.#options.lifeDays)).filter(({ purpose }) => isRotating(purpose));
    const overdue = ages.reduce((sum, each) => sum + each.overdue, 0);
    this.#options.warnings?.set(
      warningCode,
      overdue === 0
        ? undefined
        : `${overdue} keys are older than ${this.#options.lifeDays} days and were not replaced${this.#trouble === undefined ? '' : ` (${this.#trouble})`}: look at the log of the gateway, and at billing keys status`,
    );
  }

  async #goOn(run: ReencryptionRun, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const { runId } = run;
    try {
      if (run.stuck > maxStuck) {
        logger.error({ runId }, 'a re-encryption was given up: it did not get any further');
        await this.#runs.finish(run, 'failed', 'stuck');
        return;
      }
      await this.#reencryption.go(run, signal);
      await this.#runs.finish(run, 'done');
      logger.info({ runId, rows: run.done, broken: run.broken }, 'a re-encryption has come to its end');
    } catch (error) {
      if (error instanceof NewestKeyUnusable) {
        logger.error({ runId, error: error.code }, 'a re-encryption left what newest keys cannot seal as it is');
        await this.#runs.finish(run, 'failed', error.code);
        return;
      }
      const isInterrupted = error instanceof Interrupted;
      const reason = isInterrupted ? 'gateway_closed' : codeOf(error);
      if (!isInterrupted) logger.warn({ runId, error: reason }, 'a re-encryption was interrupted and goes on later');
      const delayMs = isInterrupted ? 0 : backoffMs(run.stuck + 1, 1_000, 600_000);
      await this.#runs.postpone(run, delayMs, reason, isInterrupted ? 0 : 1);
    }
  }
}

/** Whether it says nothing about the key at hand. */
const isOfAll = (error: unknown): boolean => error instanceof KeyManagementUnavailable || isTransient(error);

const codeOf = (error: unknown): string => {
  if (error instanceof KeyManagementUnavailable) return `${error.code}:${error.trouble}`;
  return error instanceof NewestRefused ? error.code : reasonOf(error);
};
