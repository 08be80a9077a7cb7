import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { cosignedMessage, formatNote, formatTimestamped, localSigner, parseNote, verifierKey } from '../notes/index.js';
import type { NoteSigner, VerifierKey } from '../notes/index.js';

/** What stands before the 32 bytes of a seed in the PKCS #8 form of an Ed25519 key. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An Ed25519 signer of a seed (32 bytes, or 32 times one): the same key in every run. */
export const signerOf = (name: string, seed: Uint8Array | number): NoteSigner => {
  const key = Buffer.concat([pkcs8, typeof seed === 'number' ? Buffer.alloc(32, seed) : seed]);
  return localSigner(name, createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
};

/** A signer with a new ECDSA P-256 key. */
export const ecdsaSigner = (name: string): NoteSigner => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: verifierKey(name, 'ecdsa-p256', publicKey),
    sign: (message) => Promise.resolve(sign('sha256', message, privateKey)),
  };
};

/** A witness that signs whatever it is given. */
export interface Witness {
  key: VerifierKey;
  /** The note with its signature line. `timestamp`: POSIX seconds. */
  cosign(note: string, timestamp: bigint): string;
}

export const witnessOf = (name: string): Witness => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(name, 'cosignature', publicKey);
  return {
    key,
    cosign(note, timestamp) {
      const { text, signatures } = parseNote(note);
      const signature = sign(null, cosignedMessage(text, timestamp), privateKey);
      const line = { name, keyId: key.id, signature: formatTimestamped({ timestamp, signature }) };
      return formatNote({ text, signatures: [...signatures, line] });
    },
  };
};
