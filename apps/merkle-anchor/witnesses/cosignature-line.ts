import type { NoteSignature, VerifierKey } from '#audit';
import { Malformed, SignatureRefused, parseNote, parseTimestamped, verifiedSignatures } from '#audit';

import { WitnessAbsent } from './errors.js';

/** How far a witness's clock may be ahead of ours. */
const maxAheadSeconds = 3_600n;

/**
 * The cosignature of `key` among the lines that a witness answered for the text of a checkpoint. Lines of other keys are ignored. Throws
 * WitnessAbsent where there is none, or a wrong one, or one without a time or from the future.
 */
export const cosignatureIn = (lines: string, text: string, key: VerifierKey): NoteSignature => {
  const signature = verified(lines, text, key);
  if (!signature) throw new WitnessAbsent('malformed', `its answer holds no cosignature of ${key.name}`);
  const { timestamp } = parseTimestamped(signature.signature);
  if (timestamp === 0n) throw new WitnessAbsent('malformed', 'its cosignature has no time');
  if (timestamp > BigInt(Math.floor(Date.now() / 1_000)) + maxAheadSeconds) {
    throw new WitnessAbsent('malformed', 'its cosignature is from the future: look at both clocks');
  }
  return { name: signature.name, keyId: signature.keyId, signature: signature.signature };
};

const verified = (lines: string, text: string, key: VerifierKey) => {
  try {
    const note = parseNote(`${text}\n${lines}`);
    if (note.text !== text) throw new WitnessAbsent('malformed', 'its answer is more than signature lines');
    return verifiedSignatures(note, [key])[0];
  } catch (error) {
    if (error instanceof Malformed || error instanceof SignatureRefused) {
      throw new WitnessAbsent('malformed', `its answer cannot be used: ${error.message}`, { cause: error });
    }
    throw error;
  }
};
