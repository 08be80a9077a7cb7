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
  runCommand(secretsCommand(environmentOf(more), { input: Readable.from([given]), waitMs: 300 }), args);
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
      { version: 1, valid: false, state: 'revoked' },
      { version: 2, valid: true, state: 'valid', retiresAt: null, account: 'platform', environment: 'development' },
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

describe('billing secrets --kind api', () => {
  const api = (args: string[], given?: string, more?: NodeJS.ProcessEnv) =>
    billing([args[0] ?? '', '--kind', 'api', ...args.slice(1)], given, more);

  it('stores a key that the gateway opens, prints nothing of it, and recommends a restricted one', async () => {
    const { code, out, err } = await api(['set'], 'sk_test_theFirstOne\n');
    expect([code, out]).toEqual([0, 'the API key of stripe is version 1 in development\n']);
    expect(err).toMatch(/^warning: a secret key \(sk_\) may do everything .* it needs: .*refunds\.write/);
    const second = await api(['set'], 'rk_test_theSecondOne');
    expect(second.out).toMatch(/version 2 in development\nversion 1 is valid until 2/);
    expect(second.err).toBe('');
    const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'development' });
    const pool = database.pool('billing_gateway', { max: 1 });
    const keys = new PlatformKeys({
      ...{ app: 'gateway', environment: 'development', kms },
      store: new PostgresPlatformKeyStore(pool),
    });
    const [newest] = await new PostgresProcessorSecrets(pool).valid(
      { processor: 'stripe', environment: 'development', kind: 'api' },
      new Date(),
    );
    expect(newest && (await keys.openApiKey(newest, newest.ciphertext))).toBe('rk_test_theSecondOne');
    const { rows } = await database.admin.query('select * from billing.processor_secret');
    expect(JSON.stringify(rows)).not.toMatch(/theFirstOne|theSecondOne/);
  });

  it('takes no key unasked once it is known whose the present one is, and one again when that is revoked', async () => {
    await api(['set'], 'rk_test_theFirstOne');
    await database.admin.query(`update billing.processor_secret set processor_account = 'acct_1'`);
    const { code, out, err } = await api(['set'], 'rk_test_theSecondOne');
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: there is a valid API key already, [^\n]*: billing secrets rotate --kind api\n/);
    expect((await database.admin.query('select from billing.processor_secret')).rowCount).toBe(1);
    await api(['revoke', '--version', '1']);
    expect((await api(['set'], 'rk_test_theSecondOne')).out).toContain('is version 2 in development');
  });

  it('lists how each begins, how old it is and what is overdue', async () => {
    await api(['set'], 'sk_test_theFirstOne');
    await set('whsec_theFirstOne');
    await database.admin.query(
      `update billing.processor_secret set created_at = now() - interval '91 days' where kind = 'api'`,
    );
    const { out, err } = await billing(['list']);
    expect(out).toMatch(/api .*91 days.*sk_test.*valid, overdue/);
    expect(out).toMatch(/webhook .*0 days.*valid /);
    expect(err).toMatch(/older than 90 days: billing secrets rotate replaces it\nwarning: a secret key \(sk_\)/);
    const listed = (await billing(['list', '--json'])).out.trim().split('\n');
    expect(listed.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { kind: 'api', form: 'sk_test', state: 'valid', ageDays: 91, overdue: true },
      { kind: 'webhook', form: null, ageDays: 0, overdue: false },
    ]);
    expect(out + listed.join('')).not.toContain('theFirstOne');
  });

  it('tells one that was followed by another from one that was revoked, and warns where none is left', async () => {
    await api(['set'], 'rk_test_theFirstOne');
    const set = await api(['set', '--json', '--overlap', '0'], 'rk_test_theSecondOne');
    expect(JSON.parse(set.out)).toMatchObject({
      ok: true,
      newest: { version: 2, kind: 'api', account: 'platform', state: 'valid', form: 'rk_test' },
      before: null,
    });
    expect((await billing(['list'])).err).toBe('');
    const revoked = await api(['revoke', '--version', '2', '--json']);
    expect(JSON.parse(revoked.out)).toEqual({
      ok: true,
      ...{ processor: 'stripe', account: 'platform', environment: 'development', kind: 'api' },
      version: 2,
      state: 'revoked',
    });
    const warning = 'warning: no API key is valid: calls wait; `billing secrets set --kind api` stores one\n';
    expect(revoked.err).toBe(warning);
    const { out, err } = await billing(['list']);
    expect(err).toBe(warning);
    expect(out).toMatch(/ 1 .*rk_test.*retired[\s\S]* 2 .*rk_test.*revoked/);
  });

  it('rotates nothing while no gateway runs that could look at the new key, and says so', async () => {
    await api(['set'], 'rk_test_theFirstOne');
    const { code, out, err } = await api(['rotate'], 'rk_test_theSecondOne');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/no gateway has looked at the new key.*\. The present key stays as it is\.\n$/);
    const told = await api(['rotate', '--json'], 'rk_test_theSecondOne');
    expect(JSON.parse(told.out)).toEqual({
      ok: false,
      error: expect.stringContaining('no gateway has looked') as string,
    });
    const { rows } = await database.admin.query('select version, state, retires_at from billing.processor_secret');
    expect(rows).toEqual([{ version: 1, state: 'valid', retires_at: null }]);
  });

  it('rotates a webhook secret as set does, since only a delivery could check it', async () => {
    await set('whsec_theFirstOne');
    const { code, out } = await billing(['rotate', '--kind', 'webhook', '--overlap', '0'], 'whsec_theSecondOne');
    expect([code, out]).toEqual([0, 'the webhook secret of stripe is version 2 in development\n']);
    expect(await openedBy()).toEqual(['whsec_theSecondOne']);
  });

  it.each([
    ['a live key outside of production', ['set'], 'sk_live_abcdefgh'],
    ['a publishable key', ['set'], 'pk_test_abcdefgh'],
    ['a key with a space in it', ['set'], 'sk_test_abcd efgh'],
    ['a webhook secret', ['set'], 'whsec_abcdefgh'],
    ['an account of its own', ['set', '--account', 'acct_1'], 'sk_test_abcdefgh'],
    ['a key on the command line', ['rotate', 'sk_test_abcdefgh'], ''],
    ['a key to follow where there is none', ['rotate'], 'sk_test_abcdefgh'],
    ['a live key to follow', ['rotate'], 'rk_live_abcdefgh'],
    ['an endless overlap', ['rotate', '--overlap', '25'], 'sk_test_abcdefgh'],
  ])('refuses %s with one line and 64, and stores nothing', async (_, args, given) => {
    const { code, out, err } = await api(args, given);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: [^\n]+\n/);
    expect(err).not.toMatch(/abcd/);
    expect((await database.admin.query('select from billing.processor_secret')).rowCount).toBe(0);
  });
});
