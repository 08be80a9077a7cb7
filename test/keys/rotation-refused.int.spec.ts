import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  Keys,
  LocalKeyManagement,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  PostgresTenantKeyring,
  TenantKeyRotation,
} from '#keys';
import { ConfigurationError } from '#platform/configuration';

import { billingProgram } from '../../apps/cli/program.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';

let database: TestDatabase;
let kms: LocalKeyManagement;
let directory: string;
let elsewhere: string;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'keyring-'));
  elsewhere = await mkdtemp(join(tmpdir(), 'another-keyring-'));
  kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
  tenantId = await tenantWithKeys();
  const store = new PostgresPlatformKeyStore(database.pool('billing_gateway'));
  const letter = { body: Buffer.from('{}'), signature: undefined };
  const place = { processor: 'stripe', eventId: 'evt_1' };
  await new PlatformKeys({ app: 'gateway', environment: 'test', kms, store }).sealInbox(place, letter);
});
afterAll(async () => {
  await database.drop();
  await Promise.all([directory, elsewhere].map((each) => rm(each, { recursive: true })));
});

const tenantWithKeys = async (): Promise<string> => {
  const id = await database.addTenant();
  const keyring = new PostgresTenantKeyring(database.pool('billing_gateway'));
  await new TenantKeyRotation({ app: 'gateway', environment: 'test', kms, keyring }).create(id);
  return id;
};

/** As a process would that has started just now. */
const seal = (): Promise<string> => {
  const pool = database.pool('billing_api');
  const [tenantKeys, subjectKeys] = [new PostgresTenantKeyStore(pool), new PostgresSubjectKeyStore(pool)];
  const place = { tenantId, table: 'processor_token', column: 'sealed', row: tenantId };
  return new Keys({ app: 'api', environment: 'test', kms, tenantKeys, subjectKeys }).sealToken(place, 'pm_1');
};

const billing = (given: Record<string, string>, ...args: string[]) =>
  runCommand(
    billingProgram({
      BILLING_ENV: 'test',
      DATABASE_URL: database.adminUrl,
      BILLING_DATA_DIR: directory,
      LOG_LEVEL: 'silent',
      ...given,
    }),
    args,
  );

const keys = async (): Promise<number> => {
  const { rows } = await database.admin.query<{ keys: number }>(
    'select ((select count(*) from billing.tenant_key) + (select count(*) from billing.platform_key))::integer as keys',
  );
  return rows[0]?.keys ?? 0;
};

const rotated = (out: string): number => (JSON.parse(out) as { rotated: number }).rotated;

it.each([
  ['another keyring', () => ({ BILLING_DATA_DIR: elsewhere }), []],
  ['another environment', () => ({ BILLING_ENV: 'development' }), []],
  ['another keyring, for one tenant', () => ({ BILLING_DATA_DIR: elsewhere }), ['--tenant']],
])('billing keys rotate under %s is refused in one line, and adds nothing', async (_, given, args) => {
  const before = await keys();
  const running = billing(given(), 'keys', 'rotate', ...args, ...(args.length > 0 ? [tenantId] : []));
  const refusal: unknown = await running.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ConfigurationError); // exit code 78
  expect(refusal).toMatchObject({ message: expect.stringMatching(/BILLING_ENV, [^\n]+ no key was added$/) as string });
  expect(await keys()).toBe(before);
  expect(await seal()).toMatch(/^v1\.1\./);
});

it('goes on, where it was interrupted, with what was made before it began', async () => {
  const began = new Date().toISOString();
  const first = await billing({}, 'keys', 'rotate', '--tenant', tenantId, '--json');
  expect(rotated(first.out)).toBeGreaterThan(0);
  const again = await billing({}, 'keys', 'rotate', '--tenant', tenantId, '--made-before', began, '--json');
  expect(rotated(again.out)).toBe(0);
  const wrong = await billing({}, 'keys', 'rotate', '--made-before', 'yesterday');
  expect([wrong.code, wrong.err]).toEqual([64, expect.stringContaining('is a time such as')]);
});

it('leaves a key that does not open as it is, replaces the others, and says so', async () => {
  const other = await tenantWithKeys();
  await database.admin.query(
    `update billing.tenant_key set wrapped = 'changed' where tenant_id = $1 and purpose = 'personal' and version = 1`,
    [other],
  );
  const ran = await billing({}, 'keys', 'rotate', '--json');
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out)).toMatchObject({ platformRotated: 1, refused: 1 });
  expect(ran.err).toContain('1 keys do not open and are as they were');
  const { rows } = await database.admin.query('select from billing.tenant_key where tenant_id = $1 and version > 1', [
    other,
  ]);
  expect(rows).toHaveLength(3);
});
