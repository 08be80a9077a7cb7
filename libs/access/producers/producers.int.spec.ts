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
    await refused('new', { tenants: ['00000000-0000-4000-8000-000000000001'], scopes: ['billing:write'] });
    await refused('new', { tenants: ['00000000-0000-4000-8000-000000000000'], scopes: ['billing:write'] }); // the platform's own
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

  it('may have a SPIFFE id, alone or beside its keys, which is its own until it is revoked', async () => {
    const spiffeId = 'spiffe://acme.example/billing/mall';
    await registerProducer(database.admin, 'mall', { ...forTenant(), spiffeId });
    const registration = async () => (await listProducers(database.admin)).find(({ name }) => name === 'mall');
    expect(await registration()).toMatchObject({ spiffeId, keys: [] });
    const key = await newKey();
    await registerProducer(database.admin, 'mall', {}, key);
    expect(await registration()).toMatchObject({ spiffeId, keys: [{ kid: key.kid }] });
    await expect(registerProducer(database.admin, 'thief', { ...forTenant(), spiffeId })).rejects.toThrow(
      /is another service's/,
    );
    await revokeProducer(database.admin, 'mall');
    // The key stays with whoever had it; and a registration that is refused leaves nothing behind.
    await expect(registerProducer(database.admin, 'thief', { ...forTenant(), spiffeId }, key)).rejects.toThrow(
      /another producer's/,
    );
    expect((await listProducers(database.admin)).some(({ name }) => name === 'thief')).toBe(false);
    for (const wrong of [
      'mall',
      'spiffe://acme.example',
      'spiffe://acme.example/../mall',
      `spiffe://a/${'b'.repeat(200)}`,
    ])
      await expect(registerProducer(database.admin, 'wrong', { ...forTenant(), spiffeId: wrong })).rejects.toThrow(
        /spiffe:\/\/trust-domain\/path/,
      );
    await expect(registerProducer(database.admin, 'neither', forTenant())).rejects.toThrow(/key .* SPIFFE id/);
  });

  it('hands its SPIFFE id on once it is revoked, to one at a time, and keeps it as history', async () => {
    const spiffeId = 'spiffe://acme.example/billing/kiosk';
    const directory = new ProducerDirectory(database.pool('billing_api'), { maxAgeMs: 0, minReloadMs: 0 });
    const nameOf = async () => (await directory.serviceOf(spiffeId))?.name;
    await registerProducer(database.admin, 'kiosk', { ...forTenant(), spiffeId });
    await revokeProducer(database.admin, 'kiosk');
    expect(await nameOf()).toBeUndefined();
    await expect(registerProducer(database.admin, 'kiosk', { spiffeId })).rejects.toThrow(/SPIFFE id may be given/);
    for (const name of ['akiosk', 'zkiosk']) {
      await registerProducer(database.admin, name, { ...forTenant(), spiffeId });
      expect(await nameOf()).toBe(name); // whichever comes first by name
      await expect(registerProducer(database.admin, 'other', { ...forTenant(), spiffeId })).rejects.toThrow(
        /is another service's/,
      );
      await revokeProducer(database.admin, name);
    }
    expect(await nameOf()).toBeUndefined();
    const had = (await listProducers(database.admin)).filter((each) => each.spiffeId === spiffeId);
    expect(had.map(({ name }) => name)).toEqual(['akiosk', 'kiosk', 'zkiosk']);
  });

  it('is read by the worker and the api, and written by no service', async () => {
    for (const role of ['billing_command_worker', 'billing_api']) {
      const pool = database.pool(role);
      await expect(pool.query('select name from billing.producer')).resolves.toBeDefined();
      for (const change of [
        'update billing.producer set revoked_at = null',
        'update billing.producer set spiffe_id = null',
        'insert into billing.producer_key select * from billing.producer_key',
        'delete from billing.producer',
      ])
        await expect(pool.query(change)).rejects.toThrow(/permission denied/);
    }
    for (const role of ['billing_gateway', 'billing_projector', 'billing_webhook_ingest'])
      await expect(database.pool(role).query('select from billing.producer')).rejects.toThrow(/permission denied/);
    const pool = database.pool('billing_command_worker');
    await expect(pool.query('select sealed_body from billing.command_dead_letter')).rejects.toThrow(
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

  it('knows a service by its SPIFFE id from when it is registered until it is revoked, and asks no more often than it may', async () => {
    const pool = database.pool('billing_api');
    let asked = 0;
    const counting = { query: (...args: [never]) => ((asked += 1), pool.query(...args)) } as unknown as typeof pool;
    const directory = new ProducerDirectory(counting, { maxAgeMs: 50 });
    const spiffeId = 'spiffe://acme.example/store';
    await expect(directory.serviceOf(spiffeId)).resolves.toBeUndefined();
    await registerProducer(database.admin, 'store', { ...forTenant(), spiffeId });
    await expect(directory.serviceOf(spiffeId)).resolves.toEqual({
      ...{ name: 'store', spiffeId, tenants: new Set([tenantId]), scopes: new Set(['billing:write']) },
    });
    const before = asked;
    await Promise.all(Array.from({ length: 200 }, (_, at) => directory.serviceOf(`spiffe://acme.example/${at}`)));
    expect(asked - before).toBeLessThanOrEqual(3);
    await revokeProducer(database.admin, 'store');
    await new Promise((resolve) => setTimeout(resolve, 80));
    await expect(directory.serviceOf(spiffeId)).resolves.toBeUndefined();
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
