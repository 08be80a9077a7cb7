import { verify } from 'node:crypto';
import { Malformed, SignatureRefused } from '../errors.js';
import { cosignedMessage, parseTimestamped } from './cosignature.js';
import type { Note, NoteSignature } from './note.js';
import type { VerifierKey } from './verifier-key.js';

/** Whether a signature is one of `message`: of P-256 over SHA-256 in ASN.1 (FIPS 186-5), or pure Ed25519 (RFC 8032). */
export const holdsOver = (
  message: Uint8Array,
  { type, publicKey }: Pick<VerifierKey, 'type' | 'publicKey'>,
  signature: Uint8Array,
): boolean => verify(type === 'ecdsa-p256' ? 'sha256' : null, message, publicKey, signature);

const holds = (key: VerifierKey, text: string, signature: Uint8Array): boolean => {
  if (key.type !== 'cosignature') return holdsOver(Buffer.from(text), key, signature);
  try {
    const timestamped = parseTimestamped(signature);
    return holdsOver(cosignedMessage(text, timestamped.timestamp), key, timestamped.signature);
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
};

/** A signature that has been verified. */
export interface VerifiedSignature extends NoteSignature {
  key: VerifierKey;
}

/**
 * The signatures of known keys, all verified; each key counts once. Signatures of unknown keys are ignored, also those that share the
 * name or the id of a known one. Throws SignatureRefused when a known key's signature is wrong: such a note was tampered with.
 */
export const verifiedSignatures = (note: Note, known: readonly VerifierKey[]): VerifiedSignature[] => {
  const verified = new Map<VerifierKey, VerifiedSignature>();
  for (const signature of note.signatures) {
    const key = known.find(({ name, id }) => name === signature.name && id === signature.keyId);
    if (!key) continue;
    if (!holds(key, note.text, signature.signature)) {
      throw new SignatureRefused(`the signature of ${key.name} is not one of this text`);
    }
    verified.set(key, { ...signature, key });
  }
  return [...verified.values()];
};

/** Passes when at least one of `keys` signed, and none of them wrongly. Throws SignatureRefused. */
export const verifyNote = (note: Note, keys: readonly VerifierKey[]): VerifiedSignature[] => {
  const verified = verifiedSignatures(note, keys);
  if (verified.length === 0) throw new SignatureRefused('no key that is trusted has signed this note');
  return verified;
};
