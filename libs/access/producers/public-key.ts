import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { JWK } from 'jose';

import type { SignatureAlgorithm } from './producer.js';

/** A public key that a producer signs with. `kid` is its thumbprint (RFC 7638): the same key always has the same. */
export interface PublicKey {
  kid: string;
  algorithm: SignatureAlgorithm;
  jwk: JWK;
}

/** The text is no public key that a producer may have. The message says what it must be, and nothing of what it is. */
export class KeyRefused extends Error {}

/**
 * Reads a public key, PEM (SPKI) or JWK (RFC 7517): P-256 signs as ES256, Ed25519 as EdDSA. Throws KeyRefused for anything else,
 * and for a private key, which no longer is one once it has been handed over.
 */
export const readPublicKey = async (text: string): Promise<PublicKey> => {
  const { kty, crv, x, y, d, k } = text.includes('-----BEGIN') ? fromPem(text) : fromJson(text);
  if (d !== undefined || k !== undefined)
    throw new KeyRefused('this is a private key: it stays with the producer; give its public key');
  if (kty === 'EC' && crv === 'P-256') return publicKey('ES256', { kty, crv, x, y });
  if (kty === 'OKP' && crv === 'Ed25519') return publicKey('EdDSA', { kty, crv, x });
  throw new KeyRefused('a producer signs with a P-256 key (ES256) or an Ed25519 key (EdDSA)');
};

/** A new P-256 key pair: the public key, and the private one as PEM (PKCS #8), for the producer alone. */
export const generateProducerKey = async (): Promise<{ publicKey: PublicKey; privatePem: string }> => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = pair.publicKey.export({ format: 'jwk' });
  return {
    publicKey: await publicKey('ES256', { kty, crv, x, y }),
    privatePem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
};

const publicKey = async (algorithm: SignatureAlgorithm, jwk: JWK): Promise<PublicKey> => {
  try {
    createPublicKey({ key: jwk, format: 'jwk' }); // a point that is not on the curve, a coordinate that is missing
    return { kid: await calculateJwkThumbprint(jwk), algorithm, jwk };
  } catch {
    throw unreadable();
  }
};

const fromPem = (text: string): JWK => {
  // A public key could be made of it, but then its owner would go on using what others have seen.
  if (text.includes('PRIVATE KEY')) return { kty: 'private', d: 'private' };
  try {
    return createPublicKey(text).export({ format: 'jwk' });
  } catch {
    throw unreadable();
  }
};

const fromJson = (text: string): Partial<JWK> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The parser's message would quote the file.
  }
  throw unreadable();
};

const unreadable = () => new KeyRefused('this is no public key: give PEM (BEGIN PUBLIC KEY) or a JWK');
