import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { LocalKeyManagement, PlatformKeys, PostgresPlatformKeyStore, PostgresProcessorSecrets } from '#keys';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { runCommand } from '../testing/run-command.js';
import { secretsCommand } from './index.js';

let database: TestDatabase;
let directory: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'billing-secrets-'));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});
beforeEach(() => database.admin.query('delete from billing.processor_secret'));

const environmentOf = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  DATABASE_URL: database.adminUrl,
  BILLING_DATA_DIR: directory,
  ...more,
});
const billing = (args: string[], given = '', more: NodeJS.ProcessEnv = {}) =>
  runCommand(secretsCommand(environmentOf(more), Readable.from([given])), args);
const set = (secret: string, ...args: string[]) => billing(['set', ...args], secret);

/** What the ingest of this environment would verify with. */
const openedBy = async (account = ''): Promise<string[]> => {
  const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'development' });
  const pool = database.pool('billing_webhook_ingest', { max: 1 });
  const store = new PostgresPlatformKeyStore(pool);
  const keys = new PlatformKeys({ app: 'webhook-ingest', environment: 'development', kms, store });
  const valid = await new PostgresProcessorSecrets(pool).valid(
    { processor: 'stripe', environment: 'development', kind: 'webhook' },
    new Date(),
  );
  const of = valid.filter((each) => each.account === account);
  return Promise.all(of.map((each) => keys.openWebhookSecret(each, each.ciphertext)));
};

describe('billing secrets', () => {
  it('stores a secret that the ingest opens, and prints nothing of it', async () => {
    const { code, out, err } = await set('whsec_theFirstOne\n', '--processor', 'stripe', '--kind', 'webhook');
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe('the webhook secret of stripe is version 1 in development\n');
    expect(await openedBy()).toEqual(['whsec_theFirstOne']);
    const { rows } = await database.admin.query('select * from billing.processor_secret');
    expect(JSON.stringify(rows)).not.toContain('whsec_');
  });

  it('rotates one, of which the one before stays valid for a day or as long as is said', async () => {
    await set('whsec_theFirstOne');
    expect((await set('whsec_theSecondOne')).out).toMatch(/version 2 in development\nversion 1 is valid until 2/);
    expect(await openedBy()).toEqual(['whsec_theSecondOne', 'whsec_theFirstOne']);
    await set('whsec_theThirdOne', '--overlap', '0');
    expect(await openedBy()).toEqual(['whsec_theThirdOne']);
  });

  it('keeps those of each endpoint apart', async () => {
    await set('whsec_ofThePlatform');
    expect((await set('whsec_ofConnect', '--account', 'connect')).out).toContain('of stripe, connect is version 1');
    await set('whsec_ofOneAccount', '--account', 'acct_1');
    expect([await openedBy(), await openedBy('connect'), await openedBy('acct_1')]).toEqual([
      ['whsec_ofThePlatform'],
      ['whsec_ofConnect'],
      ['whsec_ofOneAccount'],
    ]);
  });

  it('lists versions without what they are, and revokes one', async () => {
    await set('whsec_theFirstOne');
    await set('whsec_theSecondOne');
    expect(await billing(['revoke', '--version', '1'])).toMatchObject({
      code: 0,
      out: 'version 1 of the webhook secret of stripe is revoked in development\n',
    });
    const listed = (await billing(['list', '--json'])).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(listed).toMatchObject([
      { version: 1, valid: false },
      { version: 2, valid: true, retiresAt: null, account: '', environment: 'development' },
    ]);
    expect(JSON.stringify(listed)).not.toMatch(/whsec_|ciphertext|v1\./);
    const { out } = await billing(['list']);
    expect(out).toMatch(/platform.*2.*valid/);
    expect(await openedBy()).toEqual(['whsec_theSecondOne']);
  });

  it.each([
    ['a secret with a space in it', ['set'], 'whsec_abc defgh'],
    ['another kind of key', ['set'], 'sk_test_abcdefgh'],
    ['nothing', ['set'], ''],
    ['an account that has none', ['set', '--account', 'nobody'], 'whsec_abcdefgh'],
    ['another processor', ['set', '--processor', 'adyen'], 'whsec_abcdefgh'],
    ['an endless overlap', ['set', '--overlap', '25'], 'whsec_abcdefgh'],
    ['no overlap', ['set', '--overlap', ''], 'whsec_abcdefgh'],
    ['a secret on the command line', ['set', 'whsec_abcdefgh'], ''],
    ['a version that is none', ['revoke', '--version', 'x'], ''],
    ['a version that is not there', ['revoke', '--version', '7'], ''],
  ])('refuses %s with one line and 64, and stores nothing', async (_, args, given) => {
    const { code, out, err } = await billing(args, given);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: [^\n]+\n/);
    expect(err).not.toContain('whsec_abc');
    expect((await database.admin.query('select from billing.processor_secret')).rowCount).toBe(0);
  });

  it('seals nothing for production by the local key management', async () => {
    const production = {
      BILLING_ENV: 'production',
      AUTH_ISSUER: 'https://id.example.com',
      DATABASE_URL: `${database.adminUrl}?sslmode=verify-full`,
    };
    await expect(billing(['set'], 'whsec_abcdefgh', production)).rejects.toThrow('KMS_PROVIDER must not be local');
  });
});
