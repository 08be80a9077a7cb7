import type { KeyObject } from 'node:crypto';
import { createPublicKey, sign } from 'node:crypto';
import { Malformed } from '../errors.js';
import { formatNote, parseNote } from './note.js';
import type { VerifierKey } from './verifier-key.js';
import { verifierKey } from './verifier-key.js';

/** Whoever holds a private key: this process, or a KMS. */
export interface NoteSigner {
  readonly key: VerifierKey;
  /** The signature of `message` in the form of the key's type: 64 bytes for Ed25519, DER for ECDSA P-256 with SHA-256. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Signs with an Ed25519 private key (RFC 8032) that this process holds. Throws Malformed for another kind of key. */
export const localSigner = (name: string, privateKey: KeyObject): NoteSigner => ({
  key: verifierKey(name, 'ed25519', createPublicKey(privateKey)),
  sign: (message) => Promise.resolve(sign(null, message, privateKey)),
});

/** The note of `text`, signed by each of `signers` in that order. Throws Malformed for a text that no note can have. */
export const signNote = async (text: string, signers: readonly NoteSigner[]): Promise<string> => {
  const message = Buffer.from(text);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      name: signer.key.name,
      keyId: signer.key.id,
      signature: await signer.sign(message),
    })),
  );
  return formatNote({ text, signatures });
};

/**
 * The same note with more signature lines under it, such as those that a witness answers with. Throws Malformed when they are anything
 * but signature lines.
 */
export const addSignatureLines = (note: string, lines: string): string => {
  const { text, signatures } = parseNote(note);
  const added = parseNote(`${text}\n${lines}`);
  if (added.text !== text) throw new Malformed('signature lines', 'there is more than signatures in them');
  return formatNote({ text, signatures: [...signatures, ...added.signatures] });
};
