import { createCipheriv, createDecipheriv } from 'node:crypto';

export const gcmKeyBytes = 32;
export const gcmNonceBytes = 12;
export const gcmTagBytes = 16;

/** What encrypts a text and what it belongs to. A nonce serves one text of a key. */
export interface GcmParameters {
  /** 32 bytes. */
  key: Buffer;
  /** 12 bytes. */
  nonce: Buffer;
  additionalData: Buffer;
}

/** AES-256-GCM (NIST SP 800-38D): writes the ciphertext of `plaintext` and its tag into `into`, which is 16 bytes longer than that. */
export const gcmEncrypt = ({ key, nonce, additionalData }: GcmParameters, plaintext: Buffer, into: Buffer): void => {
  assertNonce(nonce);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: gcmTagBytes });
  cipher.setAAD(additionalData);
  cipher.update(plaintext).copy(into);
  cipher.final();
  cipher.getAuthTag().copy(into, into.length - gcmTagBytes);
};

/** What `gcmEncrypt` wrote: ciphertext and tag. Throws for anything else, and gives nothing of it. */
export const gcmDecrypt = ({ key, nonce, additionalData }: GcmParameters, sealed: Buffer): Buffer => {
  assertNonce(nonce);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: gcmTagBytes });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(-gcmTagBytes));
  const plaintext = decipher.update(sealed.subarray(0, -gcmTagBytes));
  decipher.final();
  return plaintext;
};

/** Nonces of other lengths are hashed to one, which may then be another's. */
const assertNonce = (nonce: Buffer): void => {
  if (nonce.length !== gcmNonceBytes) throw new RangeError(`a nonce has ${gcmNonceBytes} bytes`);
};
