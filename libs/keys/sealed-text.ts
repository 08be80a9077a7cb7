import { createCipheriv, createDecipheriv, hkdfSync, randomFillSync } from 'node:crypto';
import { SealBroken } from './errors.js';
import type { KeyMaterial } from './key-cache.js';

const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const overheadBytes = saltBytes + nonceBytes + tagBytes;
const recordKeyBytes = 32;
const recordKeyInfo = 'billing/record/v1';
/** Nothing of a tenant that is sealed comes near it: a bound for what a reader will take. */
const maxPlaintextBytes = 65_536;
/** Random bytes are fetched in blocks: one call to the generator costs more than sealing a record. */
const randomBlockBytes = 4_096;

/** Where a sealed value belongs. It opens there and nowhere else. */
export type Place = readonly string[];

/** A sealed text taken apart: the version of the key it names, and salt, nonce, ciphertext and tag in one. */
export interface SealedText {
  keyVersion: number;
  body: Buffer;
}

/**
 * Seals `plaintext` (at most `maxBytes`, 64 KiB by default) as `v1.<key version>.<base64url(salt | nonce | ciphertext | tag)>`, a storage format:
 * AES-256-GCM (NIST SP 800-38D) under a key of its own, HKDF-SHA256 (RFC 5869) of `key` and a random salt. The additional
 * data is the format, the key version and `place`.
 */
export const sealText = (key: KeyMaterial, place: Place, plaintext: Buffer, maxBytes = maxPlaintextBytes): string => {
  if (plaintext.length > maxBytes) throw new RangeError(`at most ${maxBytes} bytes can be sealed`);
  const sealed = Buffer.allocUnsafe(overheadBytes + plaintext.length);
  takeRandom(saltBytes + nonceBytes).copy(sealed);
  const recordKey = deriveRecordKey(key, sealed.subarray(0, saltBytes));
  const nonce = sealed.subarray(saltBytes, saltBytes + nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', recordKey, nonce, { authTagLength: tagBytes });
  recordKey.fill(0);
  cipher.setAAD(additionalData(key.version, place));
  cipher.update(plaintext).copy(sealed, saltBytes + nonceBytes);
  cipher.final();
  cipher.getAuthTag().copy(sealed, sealed.length - tagBytes);
  return `v1.${key.version}.${sealed.toString('base64url')}`;
};

/** Takes a sealed text of `maxBytes` at most apart, strictly: one text for one value, no padding, no loose bits. Throws SealBroken. */
export const parseSealedText = (text: string, maxBytes = maxPlaintextBytes): SealedText => {
  if (text.length > 32 + Math.ceil(((maxBytes + overheadBytes) * 4) / 3)) throw new SealBroken('too long');
  const [, version, encoded] = /^v1\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]+)$/.exec(text) ?? [];
  if (version === undefined || encoded === undefined) throw new SealBroken('not a sealed text');
  const body = Buffer.from(encoded, 'base64url');
  if (body.toString('base64url') !== encoded) throw new SealBroken('not canonical base64url');
  if (body.length < overheadBytes) throw new SealBroken('cut short');
  return { keyVersion: Number(version), body };
};

/** Opens what `sealText` sealed under `key` for `place`. Throws SealBroken for anything else. */
export const openText = (key: KeyMaterial, place: Place, sealed: SealedText): Buffer => {
  if (sealed.keyVersion !== key.version) throw new SealBroken('another key version');
  const { body } = sealed;
  const recordKey = deriveRecordKey(key, body.subarray(0, saltBytes));
  const nonce = body.subarray(saltBytes, saltBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', recordKey, nonce, { authTagLength: tagBytes });
  recordKey.fill(0);
  decipher.setAAD(additionalData(key.version, place));
  decipher.setAuthTag(body.subarray(-tagBytes));
  const plaintext = decipher.update(body.subarray(saltBytes + nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new SealBroken('authentication failed', { cause });
  }
  return plaintext;
};

const deriveRecordKey = (key: KeyMaterial, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', key.bytes, salt, recordKeyInfo, recordKeyBytes));

/** JSON of a list of strings: no two different places give the same bytes. */
const additionalData = (keyVersion: number, place: Place): Buffer =>
  Buffer.from(JSON.stringify(['v1', String(keyVersion), ...place]));

const randomBlock = Buffer.alloc(randomBlockBytes);
let randomUsed = randomBlockBytes;

/** The next `bytes` unused random bytes, as a view that the caller copies at once. */
const takeRandom = (bytes: number): Buffer => {
  if (randomUsed + bytes > randomBlockBytes) {
    randomFillSync(randomBlock);
    randomUsed = 0;
  }
  randomUsed += bytes;
  return randomBlock.subarray(randomUsed - bytes, randomUsed);
};
