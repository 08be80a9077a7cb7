import type { Leaf, LogFiles } from '#audit';
import { LogBroken, fullWidth, parseEntry, readBundle, widthIn } from '#audit';
import type { ObjectStore } from '#object-store';

import { UsageError } from '../../usage.js';
import { openingLine, openingsPath } from '../verify/sources/openings.js';
import type { SealedEvents } from './sealed-events.js';

/** Whose openings a folder holds: a tenant's id, or `all`. One folder has them of one or of all. */
const scopePath = 'scope';

const requireScope = async (target: ObjectStore, scope: string): Promise<void> => {
  const bytes = Buffer.from(`${scope}\n`);
  if ((await target.create(scopePath, bytes)) === 'created') return;
  const there = Buffer.from((await target.read(scopePath)) ?? [])
    .toString()
    .trim();
  if (there !== scope)
    throw new UsageError(`${target.name} holds the openings of ${there}: export those of ${scope} into another folder`);
};

const leavesOf = async (log: LogFiles, size: number, bundle: number): Promise<Leaf[]> => {
  const entries = await readBundle(log, bundle, widthIn(size, 0, bundle));
  return entries.map((bytes, at) => {
    const index = bundle * fullWidth + at;
    return { index, entry: parseEntry(bytes, `leaf ${String(index)}`) };
  });
};

export interface OpeningsToWrite {
  /** Where the entries are: the export. */
  log: LogFiles;
  size: number;
  events: SealedEvents;
  tenantId: string | undefined;
  /** Private: whoever reads it reads events. */
  target: ObjectStore;
  onProgress: (leaves: number) => void;
}

/**
 * Writes the openings of a log of `size` leaves, one file a bundle; those of a full bundle that an earlier export wrote are left as they
 * are. All that there are: then throws LogBroken for the first event that is not in the database. Throws UsageError where
 * the folder is another tenant's.
 */
export const writeOpenings = async ({
  log,
  size,
  events,
  tenantId,
  target,
  onProgress,
}: OpeningsToWrite): Promise<void> => {
  await requireScope(target, tenantId ?? 'all');
  let firstMissing: Leaf | undefined;
  for (let bundle = 0; bundle * fullWidth < size; bundle += 1) {
    const path = openingsPath(bundle);
    const isFull = widthIn(size, 0, bundle) === fullWidth;
    if (isFull && (await isWritten(target, path))) continue;
    const leaves = await leavesOf(log, size, bundle);
    const { openings, missing } = await events.of(leaves);
    firstMissing ??= missing[0];
    const lines = [...openings].map(([index, opening]) => `${openingLine({ index, opening })}\n`);
    await target.replace(path, Buffer.from(lines.join('')));
    if (isFull && missing.length === 0) await target.create(`${path}.full`, Buffer.alloc(0));
    onProgress(bundle * fullWidth + leaves.length);
  }
  if (firstMissing) throw eventMissing(firstMissing);
};

/** A file of a bundle that was not full at the time is written anew. */
const isWritten = async (target: ObjectStore, path: string): Promise<boolean> =>
  (await target.read(`${path}.full`)) !== undefined;

const eventMissing = ({ index, entry: { shard, position } }: Leaf): LogBroken => {
  const event = `the event at position ${String(position)} of shard ${String(shard)}`;
  const message = `leaf ${String(index)}: ${event} is not in the database, and was not removed after its retention`;
  return new LogBroken({ kind: 'event_missing', message, index, shard, position });
};
