import { generateKeyPairSync } from 'node:crypto';

import { readPublicKey, verifyCommandSignature } from '#access/producers';
import { decodeProtectedHeader, importJWK } from 'jose';
import type { CryptoKey } from 'jose';

import { prepare } from './commands.js';
import { CommandSigner } from './signature.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const paymentId = '3f1d2c4b-9e8a-4b7c-8d6e-1a2b3c4d5e33';
const refund = prepare(
  { type: 'RefundPayment', tenantId, paymentId, onBehalfOf: 'token', body: { amount: 100 } },
  'refund-1',
);
const now = new Date('2026-11-21T10:00:00Z');

describe('a signed command', () => {
  it.each([
    ['P-256', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', 'EdDSA', generateKeyPairSync('ed25519')],
  ])('verifies at the service with a key of %s', async (_, algorithm, { privateKey, publicKey }) => {
    const { kid, jwk } = await readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const keys = [
      privateKey,
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      JSON.stringify(privateKey.export({ format: 'jwk' })),
    ];
    for (const key of keys) {
      const signature = await new CommandSigner({ name: 'Shop', privateKey: key }).sign(refund, now);
      expect(decodeProtectedHeader(signature)).toEqual({ alg: algorithm, kid, typ: 'billing-command+jwt' });
      const verifying = (await importJWK(jwk, algorithm)) as CryptoKey;
      const keyOf = () =>
        Promise.resolve({
          key: verifying,
          algorithm: algorithm as 'ES256' | 'EdDSA',
          producer: { name: 'shop', tenants: 'all' as const, scopes: new Set<never>() },
        });
      const sent = { ...refund, producer: 'shop', schemaVersion: '1', signature };
      await expect(verifyCommandSignature({ keyOf }, sent)).resolves.toMatchObject({
        issuedAt: now.getTime() / 1_000,
        expiresAt: now.getTime() / 1_000 + 3_600,
      });
      const other = { ...sent, body: Buffer.from('{"amount":101}') };
      await expect(verifyCommandSignature({ keyOf }, other)).rejects.toMatchObject({ code: 'signature_mismatch' });
    }
  });

  it('names the key that it is told', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const signature = await new CommandSigner({ name: 'shop', privateKey, keyId: 'k2' }).sign(refund, now);
    expect(decodeProtectedHeader(signature).kid).toBe('k2');
  });

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey],
    ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['a public key', generateKeyPairSync('ed25519').publicKey],
    ['no key at all', 'secret'],
    ['broken JSON', '{"kty"'],
  ])('cannot be made with %s', (_, privateKey) => {
    expect(() => new CommandSigner({ name: 'shop', privateKey })).toThrow(
      /^the producer's private key (is neither PEM|must be a private key of P-256)/,
    );
  });
});
