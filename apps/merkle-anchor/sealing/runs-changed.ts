import type { Interleaving, LeafRun } from '#audit-log';
import { LeafRuns, leafRunsOf, sizeAfter } from '#audit-log';
import { allShards } from '#event-store';
import type { Pool } from 'pg';

import { SealingStopped } from '../stopped.js';

/** The stop of a log of which Postgres's copy of the runs says something else than the log. */
export const runsChanged = (what: string, options?: ErrorOptions): SealingStopped =>
  new SealingStopped(
    'runs_changed',
    `${what}: somebody has written into billing.audit_leaf_run. The store of the audit log is not to blame. Nothing is sealed any more; ` +
      'see docs/operations/audit-log.md',
    options,
  );

/** Where a step of sealing begins, it has a record; undefined for every other size. */
type StepAt = (size: number) => Promise<Interleaving | undefined>;

/**
 * Holds the end of Postgres's copy, its first `known` leaves, against the record of the step that it ends with: a copy holds whole steps, and a step has
 * a run of each shard at most. Gives what is wrong with it, and the row; undefined where it is as recorded.
 */
export const faultInCopy = async (
  pool: Pick<Pool, 'query'>,
  stepAt: StepAt,
  known: number,
): Promise<string | undefined> => {
  const newest = await new LeafRuns(pool).newest(allShards.length, known);
  for (const [at, { index }] of newest.entries()) {
    const step = await stepAt(index);
    if (step) return faultInStep(newest.slice(0, at + 1).reverse(), step, known);
  }
  const last = newest[0];
  return last && `${told(last)} is in no record of interleaving/`;
};

const faultInStep = (rows: readonly LeafRun[], step: Interleaving, known: number): string | undefined => {
  const recorded = leafRunsOf(step);
  const wrong = rows.find((row, at) => !isSame(row, recorded[at]));
  if (wrong) return `${told(wrong)} is not what the record of ${step.size} leaves has`;
  return sizeAfter(step) === known ? undefined : `${known} leaves end within the step that began at ${step.size}`;
};

const isSame = (row: LeafRun, recorded: LeafRun | undefined): boolean => told(row) === (recorded && told(recorded));

const told = ({ index, shard, position, count }: LeafRun): string =>
  `the row (first_index ${index}, shard ${shard}, first_position ${position}, count ${count})`;
