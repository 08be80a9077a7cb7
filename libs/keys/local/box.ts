import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** What a box is longer than what is in it. */
export const boxOverhead = nonceBytes + tagBytes;

/** AES-256-GCM: nonce, ciphertext, tag, with `place` as additional data. A storage format. `key` is 32 bytes. */
export const sealBox = (key: Buffer, place: Buffer, plaintext: Buffer): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(place);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/** What `sealBox` sealed for this very place. Throws for anything else. */
export const openBox = (key: Buffer, place: Buffer, box: Buffer): Buffer => {
  if (box.length < boxOverhead) throw new Error('shorter than an empty box');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(place);
  decipher.setAuthTag(box.subarray(-tagBytes));
  return Buffer.concat([decipher.update(box.subarray(nonceBytes, -tagBytes)), decipher.final()]);
};
