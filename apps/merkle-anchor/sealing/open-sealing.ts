import type { LogIdentity, TreeHead } from '#audit';
import { checkpointPath, emptyRoot, openCheckpoint } from '#audit';
import type { Interleaving } from '#audit-log';
import { interleavingPath, leafRunsOf, parseInterleaving, sizeAfter } from '#audit-log';
import type { Pool } from 'pg';

import { Overtaken } from '../stopped.js';
import { readLastLeaves } from './last-leaves.js';
import { RecordedPlaces } from './recorded-places.js';
import { replayStep } from './replay.js';
import { faultInCopy, runsChanged } from './runs-changed.js';
import type { SealingOptions } from './sealing.js';
import { Sealing } from './sealing.js';
import { ShardEnds } from './shard-ends.js';
import { StepRuns } from './step-runs.js';
import { StepsAhead } from './steps-ahead.js';
import { SealedTree } from './tree.js';
import { fileChanged, unlessChanged } from './unless-changed.js';

export interface OpenSealingOptions extends SealingOptions {
  identity: LogIdentity;
  /** Throws SealingStopped where somebody outside keeps a checkpoint that this head does not extend, Overtaken where more follows it. */
  assertExtendsAnchors: (head: TreeHead) => Promise<void>;
}

/** The log as it was left, ready to go on. */
export interface OpenedSealing {
  sealing: Sealing;
  /** What the published checkpoint says; undefined while there is none. */
  published: TreeHead | undefined;
}

/**
 * Opens the log where its last writer left it, whatever that one was doing: takes the tree as the checkpoint has it, does each step again
 * whose interleaving record follows, brings Postgres's copy of the runs up to date, and holds the last event of every shard against its leaf.
 * Throws SealingStopped where store, Postgres and tree do not agree.
 */
export const openSealing = async (options: OpenSealingOptions): Promise<OpenedSealing> => {
  const { store, pool, identity } = options;
  const published = await readPublished(options, identity);
  const head = published ?? { size: 0, root: emptyRoot };
  const tree = await unlessChanged(() => SealedTree.resume(store, head));
  const { ends, size: known, whole } = await readKnown(pool);
  const fault = await faultInCopy(pool, (size) => readStep(options, size), whole);
  if (fault !== undefined) throw await wrongCopy(options, tree, fault);
  const runs = new StepRuns(pool);
  const places = new RecordedPlaces(store, head.size);
  const isToBeTold = ({ size }: Interleaving): boolean => size >= whole && size < head.size;
  const steps = new StepsAhead({
    store,
    readStep: (size) => readStep(options, size),
    prepare: async (step) => (isToBeTold(step) ? places.readAhead(step) : undefined),
  });
  let at = Math.min(head.size, whole);
  for (let step = await steps.at(at); step; step = await steps.at(at)) {
    if (at >= whole) {
      passOver(ends, step, whole);
      if (isToBeTold(step)) {
        await unlessChanged(() => places.assertSealed(step));
        await runs.add(step);
      }
    }
    if (at >= head.size) await replayStep(options, tree, step);
    at = sizeAfter(step);
    assertBoundary(step, at, [head.size, known]);
  }
  if (at < Math.max(head.size, whole)) throw fileChanged(`${interleavingPath(at)} is missing`);
  if (at < known) throw await wrongCopy(options, tree, `the log has ${at} leaves, and Postgres knows of ${known}`);
  if (ends.total() !== at)
    throw runsChanged(`Postgres counts ${ends.total()} sealed positions, and the tree has ${at} leaves`);
  await unlessChanged(() => readLastLeaves(store, tree, ends, whole));
  const sealing = new Sealing(options, tree, ends);
  await sealing.assertEventsAreThere();
  await runs.flush();
  return { sealing, published };
};

const readPublished = async ({ store }: SealingOptions, identity: LogIdentity): Promise<TreeHead | undefined> => {
  const note = await unlessChanged(() => store.read(checkpointPath));
  if (!note) return undefined;
  return unlessChanged(async () => {
    const { size, root } = await Promise.resolve(openCheckpoint(note, identity));
    return { size, root };
  });
};

const readStep = async ({ store }: SealingOptions, size: number): Promise<Interleaving | undefined> => {
  const bytes = await unlessChanged(() => store.read(interleavingPath(size)));
  return bytes && unlessChanged(async () => Promise.resolve(parseInterleaving(bytes, size)));
};

/** So many of the newest runs are counted: a second of work at most. */
const runsCounted = 1_000_000;

interface KnownRuns {
  /** Leaves up to the last that Postgres knows. */
  size: number;
  /** Leaves from which on it has to be told anew: `size`, or 0 where some before that are missing. */
  whole: number;
  /** Of the first `whole` leaves. */
  ends: ShardEnds;
}

/**
 * How far Postgres's copy of the runs goes: whole steps, in their order, because each statement of StepRuns is. Who owns the database can make holes
 * in it all the same. One query, because a writer of before may be writing down just now what it has published.
 */
const readKnown = async (pool: Pick<Pool, 'query'>): Promise<KnownRuns> => {
  const { rows } = await pool.query<{ shard: number; position: string; index: string; counted: string; since: string }>(
    `with newest as (select first_index, count from billing.audit_leaf_run order by first_index desc limit $1),
      counted as (select sum(count) as counted, case when count(*) < $1 then 0 else min(first_index) end as since from newest)
     select s.shard, r.first_position + r.count - 1 as position, r.first_index + r.count - 1 as index, counted, since
     from counted, generate_series(0, 15) as s (shard)
     cross join lateral (select * from billing.audit_leaf_run where audit_leaf_run.shard = s.shard order by first_position desc limit 1) r`,
    [runsCounted],
  );
  const ends = new ShardEnds();
  let size = 0;
  for (const { shard, position, index } of rows) {
    size = Math.max(size, Number(index) + 1);
    const count = Number(position);
    ends.passOver([{ shard, position: 1, count, index: Number(index) - count + 1 }]);
  }
  const [first] = rows;
  const hasAll = !first || Number(first.since) + Number(first.counted) === size;
  return hasAll ? { size, whole: size, ends } : { size, whole: 0, ends: new ShardEnds() };
};

const passOver = (ends: ShardEnds, step: Interleaving, known: number): void => {
  const wrong = ends.passOver(leafRunsOf(step));
  if (!wrong) return;
  const goesOn = `${interleavingPath(step.size)} goes on with position ${wrong.position} of shard ${wrong.shard}`;
  if (step.size > 0 && step.size === known)
    throw runsChanged(`${goesOn}, and Postgres ends with position ${ends.position(wrong.shard)}`);
  throw fileChanged(goesOn);
};

/** Before Postgres's copy is blamed, those who keep checkpoints outside say whether it is the store that was rolled back: that is what they throw. */
const wrongCopy = async (
  { assertExtendsAnchors }: OpenSealingOptions,
  tree: SealedTree,
  fault: string,
): Promise<Error> => {
  try {
    await assertExtendsAnchors(tree.head());
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
  }
  return runsChanged(fault);
};

/** A step never reaches across a size that was published, or that Postgres knows. */
const assertBoundary = ({ size }: Interleaving, after: number, boundaries: readonly number[]): void => {
  const crossed = boundaries.find((boundary) => size < boundary && after > boundary);
  if (crossed !== undefined) throw fileChanged(`${interleavingPath(size)} reaches across ${crossed} leaves`);
};
