/** Tree checkpoints, https://c2sp.org/tlog-checkpoint: the head of a log as the text of a note. */
import { Malformed, SignatureRefused } from '../errors.js';
import type { TreeHead } from '../merkle/index.js';
import { emptyRoot, hashBytes, sameHash } from '../merkle/index.js';
import { base64, fromBase64, fromDecimal } from '../strict-text.js';
import type { Note } from './note.js';
import { parseNote } from './note.js';
import type { VerifiedSignature } from './verify-note.js';
import { verifyNote } from './verify-note.js';
import type { VerifierKey } from './verifier-key.js';

export interface Checkpoint extends TreeHead {
  /** Which log. */
  origin: string;
  /** Opaque lines, not empty. Ours has none. */
  extensions: readonly string[];
}

const requireHead = ({ origin, size, root }: Checkpoint): void => {
  if (origin === '') throw new Malformed('checkpoint', 'its origin is empty');
  if (root.length !== hashBytes) throw new Malformed('checkpoint', 'its root is not 32 bytes long');
  if (size === 0 && !sameHash(root, emptyRoot)) {
    throw new Malformed('checkpoint', 'the root of a tree without leaves is SHA-256 of nothing');
  }
};

/** The text of a note. Throws Malformed for what `parseCheckpoint` would refuse. */
export const formatCheckpoint = (checkpoint: Checkpoint): string => {
  const { origin, size, root, extensions } = checkpoint;
  const text = [origin, String(size), base64(root), ...extensions, ''].join('\n');
  const lines = 3 + extensions.length;
  if (parseCheckpoint(text).extensions.length + 3 !== lines)
    throw new Malformed('checkpoint', 'a line holds a newline');
  return text;
};

/** The head that the text of a note tells. Throws Malformed. */
export const parseCheckpoint = (text: string): Checkpoint => {
  if (!text.endsWith('\n')) throw new Malformed('checkpoint', 'it does not end with a newline');
  const [origin = '', size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (size === undefined || root === undefined) throw new Malformed('checkpoint', 'it has fewer than three lines');
  if (extensions.includes('')) throw new Malformed('checkpoint', 'it has an empty line');
  const checkpoint = {
    origin,
    size: fromDecimal(size, 'checkpoint size'),
    root: fromBase64(root, 'checkpoint root'),
    extensions,
  };
  requireHead(checkpoint);
  return checkpoint;
};

/** A checkpoint of a log that is trusted, its signatures verified. */
export interface SignedCheckpoint extends Checkpoint {
  note: Note;
  signatures: readonly VerifiedSignature[];
}

/** Whose checkpoints are believed: an origin, and every key that the log has had (old ones too, to read old checkpoints). */
export interface LogIdentity {
  origin: string;
  keys: readonly VerifierKey[];
  /** Which of them may have signed a tree of so many leaves, where their history tells; all of them by default. */
  maySign?: (key: VerifierKey, size: number) => boolean;
}

/**
 * The checkpoint in a note, once a key of the log has signed it. A witness is no log: its key makes no checkpoint.
 * Throws Malformed, or SignatureRefused for another origin, for no signature of the log, for a wrong one, and where those who signed may not
 * have signed a tree of that size.
 */
export const openCheckpoint = (
  bytes: Uint8Array | string,
  { origin, keys, maySign = () => true }: LogIdentity,
): SignedCheckpoint => {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  const signatures = verifyNote(
    note,
    keys.filter(({ type }) => type !== 'cosignature'),
  );
  if (checkpoint.origin !== origin) throw new SignatureRefused(`this is a checkpoint of another log than ${origin}`);
  const timely = signatures.filter(({ key }) => maySign(key, checkpoint.size));
  if (timely.length === 0) {
    const leaves = String(checkpoint.size);
    throw new SignatureRefused(
      `who signed this does not sign a tree of ${leaves} leaves: retired before, or not yet there`,
    );
  }
  return { ...checkpoint, note, signatures: timely };
};
