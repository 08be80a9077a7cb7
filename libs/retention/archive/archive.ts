import { createHash } from 'node:crypto';

import { entryOf, formatEntry } from '#audit';
import type { LogFiles, LogIdentity } from '#audit';
import { openingOf } from '#audit-log';
import type { ObjectStore } from '#object-store';

import type { ArchivedEvent } from './archived-event.js';
import { isSameEvent } from './archived-event.js';
import type { ArchivedFile, Manifest } from './manifest.js';
import { folderOf, formatManifest, manifestPath, parseManifest, Runs } from './manifest.js';
import type { Extent, MonthReader, ShardMonth } from './month-reader.js';
import { eventsIn, ParquetFile } from './parquet-file.js';
import { SealedLeaves } from './sealed-leaves.js';

/** Raised where the copy of a month is not what the database and the audit log have. Nothing is written down as archived then. */
export class CopyDiffers extends Error {
  constructor({ shard, month }: ShardMonth, what: string) {
    super(`the copy of ${month} of shard ${shard} is not good: ${what}`);
    this.name = 'CopyDiffers';
  }
}

export interface ArchiveParts {
  store: ObjectStore;
  reader: MonthReader;
  /** The audit log's published files, and whose checkpoints are believed. */
  log: { files: LogFiles; identity: LogIdentity };
  /** Events of a file at most: what is held in memory. */
  eventsPerFile?: number;
}

/** What is to be written down of a month whose copy is good. */
export interface Archived {
  manifest: Manifest;
  path: string;
  sha256: Buffer;
}

/** Called with the events that were copied or verified since the last call. */
export type OnEvents = (events: number) => void;

const defaultEventsPerFile = 200_000;
const maxFileBytes = 256 * 1024 * 1024;

const sha256Of = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/**
 * Copies a month of a shard, reads the copy back and holds it, event by event, against the database and against the leaves of the audit log. Files
 * are never replaced: those that an earlier run has left are taken when they are byte for byte what would be written. Calls `onEvents` with
 * each event twice. Throws NotSealed, CopyDiffers, and what the stores throw.
 */
export const archiveMonth = async (
  parts: ArchiveParts,
  of: ShardMonth,
  extent: Extent,
  onEvents: OnEvents,
): Promise<Archived> => {
  const path = manifestPath(of.shard, of.month);
  const before = await parts.store.read(path);
  const leaves = await leavesUnder(parts, before && parseManifest(before, path).checkpoint);
  const manifest = before ? parseManifest(before, path) : await copy(parts, of, extent, leaves, onEvents);
  if (before) onEvents(extent.events);
  await verifyCopy(parts, of, extent, manifest, onEvents);
  const bytes = formatManifest(manifest);
  await keep(parts.store, of, path, bytes);
  return { manifest, path, sha256: sha256Of(bytes) };
};

const leavesUnder = async ({ log }: ArchiveParts, note: string | undefined): Promise<SealedLeaves> => {
  const leaves = await SealedLeaves.open(log.files, log.identity, note);
  if (!leaves)
    throw new Error('the audit log has no checkpoint yet: start the anchor, and look whether AUDIT_LOG is its log');
  return leaves;
};

const copy = async (
  { store, reader, eventsPerFile = defaultEventsPerFile }: ArchiveParts,
  of: ShardMonth,
  { firstPosition, lastPosition }: Extent,
  leaves: SealedLeaves,
  onEvents: OnEvents,
): Promise<Manifest> => {
  const files: ArchivedFile[] = [];
  const runs = new Runs();
  let [file, first, last] = [new ParquetFile(), 0, 0];
  const close = async (): Promise<void> => {
    if (file.events === 0) return;
    const bytes = await file.finish();
    const path = `${folderOf(of.shard, of.month)}/part-${String(files.length + 1).padStart(4, '0')}.parquet`;
    await keep(store, of, path, bytes);
    const sha256 = sha256Of(bytes).toString('hex');
    files.push({ path, sha256, bytes: bytes.length, events: file.events, firstPosition: first, lastPosition: last });
    [file, first] = [new ParquetFile(), 0];
  };
  let events = 0;
  for await (const page of reader.read(of, { first: firstPosition, last: lastPosition }, leaves.size)) {
    for (let at = 0; at < page.length;) {
      if (file.events >= eventsPerFile || file.size > maxFileBytes) await close();
      const fitting = page.slice(at, at + eventsPerFile - file.events);
      first ||= fitting[0]?.position ?? 0;
      last = fitting.at(-1)?.position ?? last;
      await file.add(fitting);
      at += fitting.length;
    }
    for (const { position } of page) runs.add(position);
    events += page.length;
    onEvents(page.length);
  }
  await close();
  return { ...of, events, positions: runs.all, files, checkpoint: leaves.note, treeSize: leaves.size };
};

/** Creates a file, or takes the one that is there when it is the same. */
const keep = async (store: ObjectStore, of: ShardMonth, path: string, bytes: Uint8Array): Promise<void> => {
  if ((await store.create(path, bytes)) === 'created') return;
  const there = await store.read(path);
  if (!there || !Buffer.from(there).equals(bytes))
    throw new CopyDiffers(
      of,
      `${path} is there already with other bytes: what the database has now is not what was copied`,
    );
};

/**
 * Reads a copy back and holds it against the database and the audit log. `extent` is what the database has of the month. Throws CopyDiffers.
 */
export const verifyCopy = async (
  parts: ArchiveParts,
  of: ShardMonth,
  extent: Extent,
  manifest: Manifest,
  onEvents: OnEvents,
): Promise<void> => {
  const leaves = await leavesUnder(parts, manifest.checkpoint);
  if (manifest.events !== extent.events)
    throw new CopyDiffers(of, `it has ${manifest.events} events, and the database ${extent.events}`);
  const runs = new Runs();
  for (const file of manifest.files) {
    const bytes = await checkedFile(parts.store, of, file);
    const span = { first: file.firstPosition, last: file.lastPosition };
    const rows = parts.reader.read(of, span, leaves.size);
    const pairs = new Pairs(eventsIn(bytes), rows);
    for await (const [copied, stored] of pairs) {
      if (!copied || !stored || !isSameEvent(copied, stored))
        throw new CopyDiffers(of, `position ${(copied ?? stored)?.position} is not what the database has`);
      await checkLeaf(leaves, of, copied);
      runs.add(copied.position);
      onEvents(1);
    }
  }
  const isWhole = runs.all.reduce((sum, [first, last]) => sum + last - first + 1, 0) === manifest.events;
  if (!isWhole || JSON.stringify(runs.all) !== JSON.stringify(manifest.positions))
    throw new CopyDiffers(of, 'its files do not have the positions that its manifest lists');
};

/** Throws CopyDiffers where an event is not what its leaf commits to, and what `entryAt` throws. */
export const checkLeaf = async (leaves: SealedLeaves, of: ShardMonth, event: ArchivedEvent): Promise<void> => {
  const entry = formatEntry(entryOf(openingOf(event, event.salt)));
  if (!Buffer.from(entry).equals(await leaves.entryAt(event.leafIndex)))
    throw new CopyDiffers(
      of,
      `position ${event.position} is not what leaf ${event.leafIndex} of the audit log commits to`,
    );
};

/** The bytes of a file, once its length and hash are those of the manifest. Throws CopyDiffers. */
export const checkedFile = async (store: ObjectStore, of: ShardMonth, file: ArchivedFile): Promise<Uint8Array> => {
  const bytes = await store.read(file.path);
  if (!bytes) throw new CopyDiffers(of, `${store.name} does not have ${file.path}`);
  if (bytes.length !== file.bytes || sha256Of(bytes).toString('hex') !== file.sha256)
    throw new CopyDiffers(of, `${file.path} is not the file that was written`);
  return bytes;
};

/** Two sequences side by side, to the end of the longer one. */
class Pairs {
  constructor(
    private readonly left: AsyncGenerator<ArchivedEvent[]>,
    private readonly right: AsyncGenerator<ArchivedEvent[]>,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<[ArchivedEvent | undefined, ArchivedEvent | undefined]> {
    let [left, right]: [ArchivedEvent[], ArchivedEvent[]] = [[], []];
    let [l, r] = [0, 0];
    for (;;) {
      if (l >= left.length) [left, l] = [await nextOf(this.left), 0];
      if (r >= right.length) [right, r] = [await nextOf(this.right), 0];
      if (left.length === 0 && right.length === 0) return;
      yield [left[l], right[r]];
      l += 1;
      r += 1;
    }
  }
}

const nextOf = async (pages: AsyncGenerator<ArchivedEvent[]>): Promise<ArchivedEvent[]> => {
  const next = await pages.next();
  return next.done ? [] : next.value;
};
