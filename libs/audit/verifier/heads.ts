import { Malformed, QuorumMissing, SignatureRefused } from '../errors.js';
import { sameHash } from '../merkle/index.js';
import type { Cosignature, LogIdentity, SignedCheckpoint } from '../notes/index.js';
import { openCheckpoint, requireQuorum } from '../notes/index.js';
import type { Trust } from '../receipts/index.js';
import type { LogFiles } from '../tiles/index.js';
import { checkpointPath } from '../tiles/index.js';
import type { FindingKind } from './log-broken.js';
import { LogBroken } from './log-broken.js';

/** The checkpoint that a log is held against, and the older one that it must extend. */
export interface Heads {
  checkpoint: SignedCheckpoint;
  cosignatures: readonly Cosignature[];
  older: SignedCheckpoint | undefined;
}

const finding = <T>(kind: FindingKind, what: string, step: () => T): T => {
  try {
    return step();
  } catch (error) {
    const expected = error instanceof Malformed || error instanceof SignatureRefused || error instanceof QuorumMissing;
    throw expected ? new LogBroken({ kind, message: `${what}: ${error.message}` }, { cause: error }) : error;
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

/** Reads and verifies the checkpoint of a log, and the older one, `from`. Throws LogBroken. */
export const readHeads = async (
  files: LogFiles,
  { log, witnesses }: Trust,
  from: Uint8Array | string | undefined,
): Promise<Heads> => {
  const bytes = await files.read(checkpointPath);
  if (!bytes) {
    throw new LogBroken({ kind: 'checkpoint', message: 'the log has no checkpoint', path: checkpointPath });
  }
  const checkpoint = finding('checkpoint', checkpointPath, () => openCheckpoint(bytes, log));
  const cosignatures = finding('witnesses', checkpointPath, () =>
    witnesses ? requireQuorum(checkpoint.note, witnesses) : [],
  );
  const older = from === undefined ? undefined : openOlder(from, log);
  if (older) requireExtensible(older, checkpoint);
  return { checkpoint, cosignatures, older };
};
