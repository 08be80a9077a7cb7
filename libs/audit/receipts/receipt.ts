import type { Entry, Opening } from '../entries/index.js';
import { entryOf, formatEntry, formatOpening, parseOpening } from '../entries/index.js';
import { Malformed } from '../errors.js';
import { leafHash, verifyInclusion } from '../merkle/index.js';
import type { Cosignature, LogIdentity, SignedCheckpoint, WitnessPolicy } from '../notes/index.js';
import { openCheckpoint, requireQuorum } from '../notes/index.js';
import type { TlogProof } from './tlog-proof.js';
import { formatTlogProof, parseTlogProof } from './tlog-proof.js';

/** That an event is in the log, with the event itself: a tlog-proof whose extra data opens the leaf. Good offline, for ever. */
export interface Receipt extends Omit<TlogProof, 'extra'> {
  opening: Opening;
}

/** The file. Throws Malformed for a proof, a checkpoint or an opening that cannot be written. */
export const formatReceipt = ({ opening, ...proof }: Receipt): string => {
  const extra = formatOpening(opening);
  parseOpening(extra);
  return formatTlogProof({ ...proof, extra });
};

/** What a receipt shows once it is verified. */
export interface VerifiedReceipt {
  /** 0-based place of the leaf in the log. */
  index: number;
  entry: Entry;
  event: Uint8Array;
  checkpoint: SignedCheckpoint;
  cosignatures: readonly Cosignature[];
}

/** Whose logs are believed, and which witnesses must have seen a checkpoint; without a policy none must. */
export interface Trust {
  log: LogIdentity;
  witnesses?: WitnessPolicy;
}

/**
 * Checks a receipt with nothing but keys: the log signed the checkpoint, enough witnesses saw it, and the event that the receipt holds,
 * salted, is the leaf at its index. Throws Malformed, SignatureRefused, QuorumMissing or ProofRefused.
 */
export const verifyReceipt = (file: Uint8Array | string, { log, witnesses }: Trust): VerifiedReceipt => {
  const { index, proof, checkpoint: note, extra } = parseTlogProof(file);
  if (!extra) throw new Malformed('receipt', 'it is a proof without the event that it is about');
  const opening = parseOpening(extra);
  const entry = entryOf(opening);
  const checkpoint = openCheckpoint(note, log);
  const cosignatures = witnesses ? requireQuorum(checkpoint.note, witnesses) : [];
  verifyInclusion({ leafHash: leafHash(formatEntry(entry)), index, proof }, checkpoint);
  return { index, entry, event: opening.event, checkpoint, cosignatures };
};
