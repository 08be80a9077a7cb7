import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Keys, ResealedPurpose } from '#keys';
import { KeyMissing, NewestKeyUnusable, SealBroken, UnwrapRefused } from '#keys';

import type { KeeperMetrics } from './metrics.js';
import type { OldVersion, ReencryptionRun, ReencryptionRuns } from './run-store.js';
import type { SealedRow, SealedTable } from './sealed-rows.js';

export interface ReencryptionParts {
  runs: ReencryptionRuns;
  /** With a cache of their own, which is emptied now and then, so that the newest version is known. */
  keys: Keys;
  tables: Record<ResealedPurpose, SealedTable>;
  metrics: KeeperMetrics;
  batchSize: number;
  /** For how long others may seal under a version that was superseded: while it is in their caches. */
  settleMs: number;
}

const versionsAtOnce = 200;
/** Sealed one after the other before others have their turn. */
const sealedAtOnce = 25;
/** How often a version is gone through: what others seal under it meanwhile is there the next time. */
const maxPasses = 3;

/** Raised where a run ends before it has come to its end, and goes on later. */
export class Interrupted extends Error {}

/**
 * Seals anew, under the newest versions, what stands under older ones: version by version, in batches. A row is replaced only where its old
 * text still stands there, so whatever was stored meanwhile stays; and it opens at every moment, by the version that it names.
 */
export class Reencryption {
  readonly #parts: ReencryptionParts;

  constructor(parts: ReencryptionParts) {
    this.#parts = parts;
  }

  /**
   * Goes on with a run to its end. Rejects with Interrupted where `signal` aborts, and with what the KMS or the database say; at the end with
   * NewestKeyUnusable where the newest keys of some tenants cannot be used.
   */
  async go(run: ReencryptionRun, signal: AbortSignal): Promise<void> {
    const { runs } = this.#parts;
    let unusable: NewestKeyUnusable | undefined;
    if (!run.begun) {
      run.total = await this.#count(run, signal);
      run.begun = true;
      await runs.save(run);
    }
    for await (const version of this.#versions(run, placeOf(run), signal)) {
      try {
        await this.#empty(run, version, signal);
      } catch (error) {
        // Of one tenant: what is under this version stays there, and opens as before, and the others have their turn.
        if (!(error instanceof NewestKeyUnusable)) throw error;
        unusable ??= error;
      }
      run.doneTenant = version.tenantId;
      run.donePurpose = version.purpose;
      run.doneVersion = version.version;
      await runs.save(run);
    }
    if (unusable) throw unusable;
  }

  async *#versions(
    run: ReencryptionRun,
    from: OldVersion | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<OldVersion> {
    let after = from;
    for (;;) {
      // Before they are looked up: the newest version, once it is loaded, is none of them then.
      this.#parts.keys.clear();
      const page = await this.#parts.runs.versions(run, after, versionsAtOnce);
      for (const version of page) {
        goOn(signal);
        yield version;
      }
      if (page.length < versionsAtOnce) return;
      after = page.at(-1);
    }
  }

  async #count(run: ReencryptionRun, signal: AbortSignal): Promise<number> {
    let total = 0;
    for await (const { tenantId, purpose, version } of this.#versions(run, undefined, signal))
      total += await this.#parts.tables[purpose].count(tenantId, version);
    return total;
  }

  async #empty(run: ReencryptionRun, version: OldVersion, signal: AbortSignal): Promise<void> {
    const { tables, runs, settleMs } = this.#parts;
    const { tenantId, purpose } = version;
    let replaced = -1;
    for (let pass = 1; pass <= maxPasses && replaced !== 0; pass += 1)
      replaced = await this.#pass(run, version, pass === 1, signal);
    if ((await tables[purpose].count(tenantId, version.version)) === 0) await runs.markEmptied(version, settleMs);
  }

  /** Goes through a version once. Gives how many rows it has replaced. */
  async #pass(run: ReencryptionRun, version: OldVersion, isFirst: boolean, signal: AbortSignal): Promise<number> {
    const { runs, tables, metrics, batchSize } = this.#parts;
    const { tenantId, purpose } = version;
    const table = tables[purpose];
    let after: SealedRow | undefined;
    let replaced = 0;
    for (;;) {
      const rows = await table.page(tenantId, version.version, after, batchSize);
      after = rows.at(-1);
      if (!after) return replaced;
      const resealed = await this.#reseal(table, tenantId, rows);
      const changed = await table.replace(tenantId, resealed);
      const broken = rows.length - resealed.length;
      metrics.resealed(purpose, changed);
      if (isFirst) metrics.broken(purpose, broken);
      run.done += changed;
      if (isFirst) run.broken += broken;
      replaced += changed;
      await runs.save(run);
      goOn(signal);
    }
  }

  async #reseal(table: SealedTable, tenantId: string, rows: readonly SealedRow[]) {
    const resealed: (SealedRow & { resealed: string })[] = [];
    for (const [at, row] of rows.entries()) {
      if (at % sealedAtOnce === sealedAtOnce - 1) await nextTurn();
      try {
        resealed.push({ ...row, resealed: await table.reseal(tenantId, row) });
      } catch (error) {
        // Somebody has changed it, or its key is gone: it stays as it is, and is counted.
        if (!(error instanceof SealBroken || error instanceof KeyMissing || error instanceof UnwrapRefused))
          throw error;
      }
    }
    return resealed;
  }
}

const goOn = (signal: AbortSignal): void => {
  if (signal.aborted) throw new Interrupted();
};

const placeOf = ({ doneTenant, donePurpose, doneVersion }: ReencryptionRun): OldVersion | undefined =>
  doneTenant === null || donePurpose === null || doneVersion === null
    ? undefined
    : { tenantId: doneTenant, purpose: donePurpose, version: doneVersion };
