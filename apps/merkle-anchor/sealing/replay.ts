import { sameHash } from '#audit';
import type { AuditedEvent, Interleaving, ShardRun } from '#audit-log';
import { interleavingPath, readAudited } from '#audit-log';

import { SealingStopped } from '../stopped.js';
import { entriesOf, leavesOf } from './leaves.js';
import { writeFiles } from './log-writer.js';
import type { SealingOptions } from './sealing.js';
import type { SealedTree } from './tree.js';

/**
 * Does a step again that was decided, out of the events that its record names: its files come to be what they were, or would have been.
 * Throws SealingStopped: events_missing where Postgres no longer has one, event_changed where they do not make the recorded root.
 */
export const replayStep = async (
  { pool, store, salts }: SealingOptions,
  tree: SealedTree,
  step: Interleaving,
): Promise<void> => {
  const events: AuditedEvent[] = [];
  for (const run of step.runs) events.push(...(await readRun(pool, run)));
  const files = tree.append(entriesOf(await leavesOf(events, salts)));
  if (!sameHash(tree.head().root, step.root))
    throw new SealingStopped(
      'event_changed',
      `the events of ${interleavingPath(step.size)} do not make the root that was sealed: the database was changed, or an older backup of it ` +
        'has grown again. Nothing is sealed any more; see docs/operations/audit-log.md',
    );
  await writeFiles(store, files);
  tree.sealed(step);
};

const readRun = async (pool: SealingOptions['pool'], run: ShardRun): Promise<AuditedEvent[]> => {
  const { shard, position, count } = run;
  const events = await readAudited(pool, new Map([[shard, position - 1]]), count);
  const wrong = events.findIndex((event, at) => event.position !== position + at);
  if (wrong === -1 && events.length === count) return events;
  throw new SealingStopped(
    'events_missing',
    `position ${position + (wrong === -1 ? events.length : wrong)} of shard ${shard} is sealed, and Postgres does not have it: events were removed, ` +
      'or the database was restored from an older backup. Nothing is sealed any more; see docs/operations/audit-log.md',
  );
};
