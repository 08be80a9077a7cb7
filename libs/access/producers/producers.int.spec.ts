import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import {
  KeyRefused,
  ProducerDirectory,
  RegistrationRefused,
  generateProducerKey,
  listProducers,
  readPublicKey,
  registerProducer,
  revokeProducer,
} from './index.js';

let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant();
});
afterAll(() => database.drop());

const newKey = async () => (await generateProducerKey()).publicKey;
const forTenant = () => ({ tenants: [tenantId], scopes: ['billing:write' as const] });
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

describe('the registration of a producer', () => {
  it('has tenants, scopes and several keys, and keeps what was revoked', async () => {
    const [first, second] = [await newKey(), await newKey()];
    await registerProducer(database.admin, 'shop', forTenant(), first);
    await registerProducer(database.admin, 'shop', {}, second);
    await registerProducer(database.admin, 'shop', {}, second);
    await revokeProducer(database.admin, 'shop', first.kid);
    const shop = (await listProducers(database.admin)).find(({ name }) => name === 'shop');
    expect(shop).toMatchObject({ name: 'shop', tenants: [tenantId], scopes: ['billing:write'], revokedAt: null });
    expect(shop?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(shop?.keys.map(({ kid, revokedAt }) => [kid, revokedAt !== null])).toEqual(
      expect.arrayContaining([
        [first.kid, true],
        [second.kid, false],
      ]),
    );
  });

  it('is refused without tenants, for tenants that are not there, and under a name that is none', async () => {
    const key = await newKey();
    const refused = (name: string, grants: object) =>
      expect(registerProducer(database.admin, name, grants, key)).rejects.toThrow(RegistrationRefused);
    await refused('new', { scopes: ['billing:write'] });
    await refused('new', { tenants: [], scopes: ['billing:write'] });
    await refused('new', { tenants: 'all' });
    await refused('new', { tenants: ['00000000-0000-4000-8000-000000000000'], scopes: ['billing:write'] });
    await refused('New', forTenant());
    await refused('', forTenant());
  });

  it('never comes with a scope that takes a person, whoever writes to the table', async () => {
    const scopes = ['billing:refund'] as unknown as ['billing:write'];
    await expect(
      registerProducer(database.admin, 'greedy', { tenants: 'all', scopes }, await newKey()),
    ).rejects.toThrow(/check constraint/);
  });

  it('takes no key of another, none that was revoked, and no producer that was', async () => {
    const key = await newKey();
    await registerProducer(database.admin, 'one', forTenant(), key);
    await expect(registerProducer(database.admin, 'two', forTenant(), key)).rejects.toThrow(/another producer's/);
    await revokeProducer(database.admin, 'one', key.kid);
    await expect(registerProducer(database.admin, 'one', {}, key)).rejects.toThrow(/was revoked/);
    await revokeProducer(database.admin, 'one');
    await expect(registerProducer(database.admin, 'one', {}, await newKey())).rejects.toThrow(/was revoked/);
    await expect(revokeProducer(database.admin, 'nobody')).rejects.toThrow(RegistrationRefused);
  });

  it('is read by the worker and written by no service', async () => {
    const pool = database.pool('billing_command_worker');
    await expect(pool.query('select name from billing.producer')).resolves.toBeDefined();
    await expect(pool.query(`update billing.producer set revoked_at = null`)).rejects.toThrow(/permission denied/);
    await expect(pool.query(`insert into billing.producer_key select * from billing.producer_key`)).rejects.toThrow(
      /permission denied/,
    );
    await expect(pool.query('select sealed_body from billing.command_dead_letter')).rejects.toThrow(
      /permission denied/,
    );
    await expect(database.pool('billing_api').query('select from billing.producer')).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('a public key', () => {
  it('is PEM or JWK, P-256 or Ed25519, and has its thumbprint for an id', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const ed = generateKeyPairSync('ed25519').publicKey;
    const fromPem = await readPublicKey(pemOf(ec));
    expect(fromPem).toEqual(await readPublicKey(JSON.stringify(ec.export({ format: 'jwk' }))));
    expect(fromPem).toMatchObject({ algorithm: 'ES256', kid: expect.stringMatching(/^[\w-]{43}$/) as string });
    await expect(readPublicKey(pemOf(ed))).resolves.toMatchObject({ algorithm: 'EdDSA' });
  });

  it('is no private key, no other curve and nothing else, and the refusal quotes none of it', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = privateKey.export({ format: 'jwk' });
    const texts = [
      privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      JSON.stringify(secret),
      JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }),
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      pemOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey),
      JSON.stringify({ kty: 'EC', crv: 'P-256', x: secret.x, y: secret.x }),
      JSON.stringify({ kty: 'EC', crv: 'P-256' }),
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
      'null',
      '',
    ];
    for (const text of texts) {
      const refused = await readPublicKey(text).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(KeyRefused);
      expect((refused as Error).message).not.toContain(secret.d);
    }
  });
});

describe('the directory', () => {
  it('knows a producer as soon as it is registered, and asks no more often than it may', async () => {
    const pool = database.pool('billing_command_worker');
    let asked = 0;
    const counting = { query: (...args: [never]) => ((asked += 1), pool.query(...args)) } as unknown as typeof pool;
    const directory = new ProducerDirectory(counting);
    const key = await newKey();
    await expect(directory.keyOf('late', key.kid)).rejects.toMatchObject({ code: 'producer_key_unknown' });
    await registerProducer(database.admin, 'late', forTenant(), key);
    await expect(directory.keyOf('late', key.kid)).resolves.toMatchObject({ algorithm: 'ES256' });
    await expect(directory.keyOf('other', key.kid)).rejects.toMatchObject({ code: 'producer_key_unknown' });
    const before = asked;
    await Promise.all(
      Array.from({ length: 200 }, (_, at) => directory.keyOf('late', `unknown-${at}`).catch(() => undefined)),
    );
    expect(asked - before).toBeLessThanOrEqual(3);
    for (let at = 0; at < 100; at += 1) await directory.keyOf('late', key.kid);
    expect(asked - before).toBeLessThanOrEqual(3);
  });

  it('follows a revocation once what it knows is old', async () => {
    const directory = new ProducerDirectory(database.pool('billing_command_worker'), { maxAgeMs: 50 });
    const key = await newKey();
    await registerProducer(database.admin, 'soon', forTenant(), key);
    await directory.keyOf('soon', key.kid);
    await revokeProducer(database.admin, 'soon');
    await new Promise((resolve) => setTimeout(resolve, 80));
    await expect(directory.keyOf('soon', key.kid)).rejects.toMatchObject({ code: 'producer_revoked' });
  });
});
