import { createECDH, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { hkdfSha256 } from '../hkdf.js';
import type { SignatureAlgorithm } from '../key-management.js';

/** What AWS says by the kind of a key, a name says here: one that ends in this is of P-256, all others are of Ed25519. */
const p256Suffix = '-p256';
/** PKCS #8 of an Ed25519 key (RFC 8410, 7) up to its 32 bytes. */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const noSalt = Buffer.alloc(0);
const seedBytes = 32;
/** 64 bits more than the order has, so that no scalar is likelier than another (FIPS 186-5, A.2.1). */
const p256SeedBytes = 40;
const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export const algorithmOf = (keyName: string): SignatureAlgorithm =>
  keyName.endsWith(p256Suffix) ? 'ecdsa-p256' : 'ed25519';

/** The signing key of a name: derived, so that every process has the same and none has to write it down. `root` is 32 bytes. */
export const signingKeyOf = (root: Buffer, keyName: string): KeyObject => {
  const algorithm = algorithmOf(keyName);
  const derive = (bytes: number) => hkdfSha256(root, noSalt, `billing/sign/${algorithm}/${keyName}`, bytes);
  if (algorithm === 'ed25519')
    return createPrivateKey({ key: Buffer.concat([ed25519Prefix, derive(seedBytes)]), format: 'der', type: 'pkcs8' });
  return p256Key(BigInt(`0x${derive(p256SeedBytes).toString('hex')}`));
};

const p256Key = (seed: bigint): KeyObject => {
  const scalar = Buffer.from(((seed % (p256Order - 1n)) + 1n).toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  const key = {
    ...{ kty: 'EC', crv: 'P-256' },
    d: scalar.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return createPrivateKey({ key, format: 'jwk' });
};
