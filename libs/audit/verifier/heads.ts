import { Malformed, QuorumMissing, SignatureRefused } from '../errors.js';
import { sameHash } from '../merkle/index.js';
import type { Cosignature, LogIdentity, SignedCheckpoint } from '../notes/index.js';
import { openCheckpoint, requireQuorum } from '../notes/index.js';
import type { Trust } from '../receipts/index.js';
import type { LogFiles } from '../tiles/index.js';
import { checkpointPath } from '../tiles/index.js';
import type { FindingKind } from './log-broken.js';
import { LogBroken } from './log-broken.js';

/** The checkpoint that a log is held against, and the older ones that it must extend. */
export interface Heads {
  checkpoint: SignedCheckpoint;
  cosignatures: readonly Cosignature[];
  /** Those that were kept, the smallest first. */
  kept: readonly SignedCheckpoint[];
  /** All that the log must extend, the smallest first. */
  older: readonly SignedCheckpoint[];
}

/** One checkpoint that was kept, or several. */
export type Kept = Uint8Array | string | readonly (Uint8Array | string)[];

const finding = <T>(kind: FindingKind, what: string, step: () => T): T => {
  try {
    return step();
  } catch (error) {
    const expected = error instanceof Malformed || error instanceof SignatureRefused || error instanceof QuorumMissing;
    if (!expected) throw error;
    const path = what === checkpointPath ? { path: what } : {};
    throw new LogBroken({ kind, message: `${what}: ${error.message}`, ...path }, { cause: error });
  }
};

const requireExtensible = (older: SignedCheckpoint, newer: SignedCheckpoint): void => {
  const [was, is] = [String(older.size), String(newer.size)];
  if (older.size > newer.size) {
    const message = `the log has ${is} leaves; an older checkpoint that it signed has ${was}: the newest are gone`;
    throw new LogBroken({ kind: 'rolled_back', message, path: checkpointPath, index: newer.size });
  }
  if (older.size === newer.size && !sameHash(older.root, newer.root)) {
    throw new LogBroken({ kind: 'forked', message: `the log signed two trees of ${is} leaves`, path: checkpointPath });
  }
};

const openOlder = (from: Uint8Array | string, log: LogIdentity): SignedCheckpoint =>
  finding('older_checkpoint', 'the older checkpoint', () => openCheckpoint(from, log));

const listOf = (from: Kept | undefined): readonly (Uint8Array | string)[] => {
  if (from === undefined) return [];
  return typeof from === 'string' || from instanceof Uint8Array ? [from] : from;
};

/** Two kept checkpoints of one size that differ need no log to show the fork. */
const requireAgreement = (older: readonly SignedCheckpoint[]): void => {
  older.forEach((checkpoint, at) => {
    const next = older[at + 1];
    if (next?.size !== checkpoint.size || sameHash(next.root, checkpoint.root)) return;
    const message = `the log signed two trees of ${String(checkpoint.size)} leaves: two of the older checkpoints differ`;
    throw new LogBroken({ kind: 'forked', message });
  });
};

const bySize = (one: SignedCheckpoint, other: SignedCheckpoint): number => one.size - other.size;

/** Reads and verifies the checkpoint of a log, and the older ones, `from`; `own` are verified already. Throws LogBroken. */
export const readHeads = async (
  files: LogFiles,
  { log, witnesses }: Trust,
  from: Kept | undefined,
  own: readonly SignedCheckpoint[] = [],
): Promise<Heads> => {
  const bytes = await files.read(checkpointPath);
  if (!bytes) {
    throw new LogBroken({ kind: 'checkpoint', message: 'the log has no checkpoint', path: checkpointPath });
  }
  const checkpoint = finding('checkpoint', checkpointPath, () => openCheckpoint(bytes, log));
  const cosignatures = finding('witnesses', checkpointPath, () =>
    witnesses ? requireQuorum(checkpoint.note, witnesses) : [],
  );
  const kept = listOf(from)
    .map((each) => openOlder(each, log))
    .sort(bySize);
  const older = [...kept, ...own].sort(bySize);
  for (const each of older) requireExtensible(each, checkpoint);
  requireAgreement(older);
  return { checkpoint, cosignatures, kept, older };
};
