import { openCheckpoint } from '#audit';
import type { LogIdentity } from '#audit';
import type { ObjectStore } from '#object-store';
import { createHash } from 'node:crypto';

import { checkedFile, CopyDiffers } from './archive.js';
import type { ArchivedEvent } from './archived-event.js';
import type { ArchivedFile, Manifest } from './manifest.js';
import { manifestPath, parseManifest, Runs } from './manifest.js';
import { eventsIn } from './parquet-file.js';
import type { ArchivedMonth, Run } from './shelf.js';

/** Where copies are, and whose checkpoints of the audit log are believed in their manifests. */
export interface CopyParts {
  store: ObjectStore;
  identity: LogIdentity;
}

/** Called with the events of a copy, some at a time, in their order. What it throws ends the check. */
export type OnCopied = (events: readonly ArchivedEvent[], manifest: Manifest) => Promise<void>;

/**
 * Reads a copy once more: that its manifest and files are byte for byte those that were written, of this month of this shard, under a checkpoint that
 * the log has signed, and have the positions of `runs`, which are written down in the database, and no others. Needs no event of the database.
 * Throws CopyDiffers.
 */
export const checkCopy = async (
  from: CopyParts,
  archived: ArchivedMonth,
  runs: readonly Run[],
  onCopied?: OnCopied,
): Promise<void> => {
  const manifest = await manifestOf(from, archived);
  const positions = runs.map(({ first, last }) => [first, last]);
  const events = runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (archived.events !== events || manifest.events !== events || !isSame(manifest.positions, positions))
    throw new CopyDiffers(archived, `${archived.manifest} has other positions than are written down`);
  const found = new Runs();
  for (const file of manifest.files) {
    for await (const copied of eventsOf(await checkedFile(from.store, archived, file), archived, file)) {
      for (const { position } of copied) found.add(position);
      await onCopied?.(copied, manifest);
    }
  }
  if (!isSame(found.all, positions))
    throw new CopyDiffers(archived, `the files of ${archived.manifest} do not have the positions that it lists`);
};

const manifestOf = async ({ store, identity }: CopyParts, archived: ArchivedMonth): Promise<Manifest> => {
  const bytes = await store.read(archived.manifest);
  if (!bytes || !createHash('sha256').update(bytes).digest().equals(archived.manifestSha256))
    throw new CopyDiffers(archived, `${store.name} does not have ${archived.manifest} as it was written`);
  try {
    const manifest = parseManifest(bytes, manifestPath(archived.shard, archived.month));
    const { size } = openCheckpoint(manifest.checkpoint, identity);
    if (size === manifest.treeSize && size === archived.treeSize) return manifest;
  } catch (error) {
    throw new CopyDiffers(archived, error instanceof Error ? error.message : String(error));
  }
  throw new CopyDiffers(archived, `the checkpoint in ${archived.manifest} is of another size than is written down`);
};

async function* eventsOf(
  bytes: Uint8Array,
  archived: ArchivedMonth,
  { path }: ArchivedFile,
): AsyncGenerator<ArchivedEvent[]> {
  const pages = eventsIn(bytes);
  for (;;) {
    const page = await pages.next().catch((error: unknown) => {
      throw new CopyDiffers(archived, `${path} cannot be read: ${String(error)}`);
    });
    if (page.done) return;
    for (const { shard, recordedAt } of page.value)
      if (shard !== archived.shard || !recordedAt.startsWith(archived.month))
        throw new CopyDiffers(archived, `${path} has events of another month or shard`);
    yield page.value;
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
