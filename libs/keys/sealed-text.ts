import { randomFillSync } from 'node:crypto';
import { gcmDecrypt, gcmEncrypt, gcmKeyBytes, gcmNonceBytes, gcmTagBytes } from './aes-gcm.js';
import type { GcmParameters } from './aes-gcm.js';
import { SealBroken } from './errors.js';
import { hkdfSha256 } from './hkdf.js';
import type { KeyMaterial } from './key-cache.js';

const saltBytes = 16;
const headBytes = saltBytes + gcmNonceBytes;
const overheadBytes = headBytes + gcmTagBytes;
const recordKeyInfo = 'billing/record/v1';
/** Nothing of a tenant that is sealed comes near it: a bound for what a reader will take. */
const maxPlaintextBytes = 65_536;
/** The newest that a sealed text can name. */
const maxKeyVersion = 999_999_999;
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
 *
 * Salt and nonce, 224 random bits, would both have to repeat for two texts to share key and nonce. Up to 2^48 texts under one `key` that has a
 * chance below 2^-128; SP 800-38D allows 2^-32. A key is replaced after 90 days, in which a million texts a second make 2^43.
 */
export const sealText = (key: KeyMaterial, place: Place, plaintext: Buffer, maxBytes = maxPlaintextBytes): string => {
  if (key.version < 1 || key.version > maxKeyVersion)
    throw new RangeError(`a sealed text names a key of version 1 to ${maxKeyVersion}`);
  if (plaintext.length > maxBytes) throw new RangeError(`at most ${maxBytes} bytes can be sealed`);
  const sealed = Buffer.allocUnsafe(overheadBytes + plaintext.length);
  takeRandom(headBytes).copy(sealed);
  const parameters = parametersOf(key, place, sealed);
  gcmEncrypt(parameters, plaintext, sealed.subarray(headBytes));
  parameters.key.fill(0);
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
  const parameters = parametersOf(key, place, sealed.body);
  try {
    return gcmDecrypt(parameters, sealed.body.subarray(headBytes));
  } catch (cause) {
    throw new SealBroken('authentication failed', { cause });
  } finally {
    parameters.key.fill(0);
  }
};

/** The record's own key, which its user zeroes, and nonce, from the salt and nonce that it begins with. */
const parametersOf = (key: KeyMaterial, place: Place, sealed: Buffer): GcmParameters => ({
  key: hkdfSha256(key.bytes, sealed.subarray(0, saltBytes), recordKeyInfo, gcmKeyBytes),
  nonce: sealed.subarray(saltBytes, headBytes),
  additionalData: additionalData(key.version, place),
});

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
