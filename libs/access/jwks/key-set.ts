import { createLocalJWKSet } from 'jose';
import type { CompactJWSHeaderParameters, CryptoKey, JWK } from 'jose';

import { isFactorable } from './factorable-modulus.js';

/** More keys than any issuer has in use at a time. */
const maxKeys = 100;
const minModulusBytes = 256;

/** What was published is no set of keys. The message is made of our own words. */
export class KeySetMalformed extends Error {}

/** An issuer may publish its keys under one, and name the other in its tokens; of both, the same one goes first. */
const otherName: ReadonlyMap<string, string> = new Map([
  ['EdDSA', 'Ed25519'],
  ['Ed25519', 'EdDSA'],
]);

/** Gives the key that a signature names, or undefined where there is none, or more than one that could be meant. */
export type KeyFinder = (header: CompactJWSHeaderParameters) => Promise<CryptoKey | undefined>;

/**
 * Reads a JWK Set (RFC 7517) and gives what finds a key in it: by the `kid` of the header where it has one, and only a key whose `kty`,
 * `crv`, `alg`, `use` and `key_ops` fit the header's `alg`; `EdDSA` and `Ed25519` are the same there (RFC 9864). Passed over is what is
 * not the public half of a key for signatures, and RSA keys that are short, have no exponent to speak of, or are known to be factored.
 * Throws KeySetMalformed.
 */
export const readKeySet = (document: unknown): KeyFinder => {
  const keys = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new KeySetMalformed('it has no list of keys');
  if (keys.length > maxKeys) throw new KeySetMalformed(`it has more than ${maxKeys} keys`);
  const find = createLocalJWKSet({ keys: keys.filter(isPublicSignatureKey) });
  // A key that does not import (a point off its curve) is as good as none, and no other key's trouble.
  const keyFor = (header: CompactJWSHeaderParameters) => find(header).catch(() => undefined);
  return async (header) => {
    const alg = otherName.get(header.alg ?? '');
    return (await keyFor(header)) ?? (alg === undefined ? undefined : keyFor({ ...header, alg }));
  };
};

const isPublicSignatureKey = (key: unknown): key is JWK => {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, d, k, n, e, use } = key as Partial<Record<keyof JWK, unknown>>;
  if (d !== undefined || k !== undefined || (use !== undefined && use !== 'sig')) return false;
  if (kty === 'EC' || kty === 'OKP') return true;
  return kty === 'RSA' && typeof n === 'string' && typeof e === 'string' && isStrongRsa(n, e);
};

const isStrongRsa = (n: string, e: string): boolean => {
  const modulus = Buffer.from(n, 'base64url');
  const exponent = Buffer.from(e, 'base64url');
  if (modulus.length < minModulusBytes || exponent.length > 8) return false;
  return BigInt(`0x0${exponent.toString('hex')}`) > 1n && !isFactorable(modulus);
};
