import type { LogFiles, VerifiedLog } from '#audit';
import { OpenedLeaves, checkpointPath, identityOf, openCheckpoint, verifyLog, vkeyPath } from '#audit';
import type { ObjectStore } from '#object-store';

import { misfit } from '../verify/event-form.js';
import { ownKeys } from '../verify/key-history.js';
import { withCheckpoint } from '../verify/sources/log-sources.js';
import { openingsInFolder } from '../verify/sources/openings.js';
import type { Copied } from './copy-log.js';
import { copyTiles } from './copy-log.js';
import type { SealedEvents } from './sealed-events.js';
import { writeOpenings } from './write-openings.js';

export interface LogExport {
  /** The store of the log. */
  source: ObjectStore;
  /** The folder, as files that everybody may read. */
  target: ObjectStore;
  /** Undefined: tiles alone, which tell nothing of any tenant. */
  openings: { events: SealedEvents; tenantId: string | undefined; folder: string; target: ObjectStore } | undefined;
  onProgress: (what: 'copied' | 'opened' | 'verified', leaves: number, size: number) => void;
}

export interface Exported extends Copied {
  verified: VerifiedLog;
  /** Leaves that were held against their events; undefined where no openings were asked for. */
  opened: number | undefined;
}

/** Raised while there is nothing to export. */
export class NothingSealed extends Error {
  constructor(where: string) {
    super(
      `${where} has no checkpoint yet: the anchor has signed none (is it running, and has it a key: billing audit keys list?)`,
    );
    this.name = 'NothingSealed';
  }
}

/**
 * Copies a log as any web server can publish it, and verifies the copy: it must also extend what an earlier export has left. The
 * checkpoint comes last, so that the folder is whole at every moment. Throws NothingSealed, FileMissing and LogBroken.
 */
export const exportLog = async ({ source, target, openings, onProgress }: LogExport): Promise<Exported> => {
  if (!(await source.read(checkpointPath))) throw new NothingSealed(source.name);
  // The keys before the checkpoint: so it extends what each of their receipts was given under.
  const { trusted, receipts } = await ownKeys(source, source.name);
  const keyFiles = await Promise.all(receipts.map(async ({ path }) => ({ path, bytes: await source.read(path) })));
  const checkpoint = await source.read(checkpointPath);
  if (!checkpoint) throw new NothingSealed(source.name);
  const trust = { log: identityOf(trusted) };
  const { size } = openCheckpoint(checkpoint, trust.log);
  const copied = await copyTiles(source, target, size, (leaves) => {
    onProgress('copied', leaves, size);
  });
  await copyKeys(source, target, keyFiles);
  if (openings) {
    const progress = (leaves: number): void => {
      onProgress('opened', leaves, size);
    };
    await writeOpenings({ log: target, size, ...openings, onProgress: progress });
  }
  const earlier = await target.read(checkpointPath);
  const opened = openings && new OpenedLeaves(openingsInFolder(openings.folder), { read: misfit });
  const verified = await verifyLog(withCheckpoint(target, checkpoint), {
    trust,
    own: receipts.map((each) => each.checkpoint),
    shown: receipts,
    ...(earlier && { from: earlier }),
    ...(opened && { examine: opened.examine }),
    onProgress: (leaves) => {
      onProgress('verified', leaves, size);
    },
  });
  await target.replace(checkpointPath, checkpoint);
  return { ...copied, verified, opened: opened?.opened };
};

const copyKeys = async (
  source: LogFiles,
  target: ObjectStore,
  receipts: readonly { path: string; bytes: Uint8Array | undefined }[],
): Promise<void> => {
  for (const { path, bytes } of receipts) if (bytes) await target.create(path, bytes);
  const vkey = await source.read(vkeyPath);
  if (vkey) await target.replace(vkeyPath, vkey);
};
