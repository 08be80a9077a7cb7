import { randomUUID } from 'node:crypto';

import type { KeyPurpose } from '#keys';
import {
  KeyManagementUnavailable,
  Keys,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  PostgresTenantKeyring,
  TenantKeyRotation,
} from '#keys';
import { jest } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import { KmsInMemory } from '../../../libs/keys/testing/kms-in-memory.js';
import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { until } from '../testing/clock.js';
import type { KeyKeeping } from './key-keeper.js';
import { KeyKeeper } from './key-keeper.js';

let database: TestDatabase;
let kms: KmsInMemory;
let pool: Pool;
let keeper: KeyKeeper | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool('billing_gateway');
});
beforeEach(async () => {
  kms = new KmsInMemory();
  await database.admin.query(
    `truncate billing.key_reencryption; delete from billing.processor_token; delete from billing.tenant_key`,
  );
});
afterEach(async () => {
  await keeper?.close();
  jest.useRealTimers();
});
afterAll(() => database.drop());

const keysOf = () =>
  new Keys({
    ...{ app: 'gateway', environment: 'test', kms },
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });
const rotationOf = () =>
  new TenantKeyRotation({ app: 'gateway', environment: 'test', kms, keyring: new PostgresTenantKeyring(pool) });

const keep = (options: Partial<KeyKeeping> = {}) => {
  const warnings = new Warnings();
  const lines: string[] = [];
  keeper = new KeyKeeper({
    ...{ pool, rotation: rotationOf(), keys: keysOf(), lifeDays: 90, pollMs: 20, settleMs: 0, warnings },
    metrics: createMetrics('gateway'),
    logger: createLogger({ app: 'gateway', level: 'info', write: (line) => lines.push(line) }),
    ...options,
  });
  keeper.start();
  return { warnings, lines };
};

const tenantWithKeys = async (): Promise<string> => {
  const tenantId = await database.addTenant();
  await rotationOf().create(tenantId);
  return tenantId;
};

const makeOld = (days: number) =>
  database.admin.query(`update billing.tenant_key set created_at = now() - make_interval(days => $1)`, [days]);

const newestOf = async (tenantId: string, purpose: KeyPurpose): Promise<number> => {
  const { rows } = await database.admin.query<{ newest: number }>(
    'select max(version) as newest from billing.tenant_key where tenant_id = $1 and purpose = $2',
    [tenantId, purpose],
  );
  return rows[0]?.newest ?? 0;
};

/** As somebody who writes past the service would: the KMS does not open it. */
const spoil = (tenantId: string, purpose: KeyPurpose, version: number) =>
  database.admin.query(
    `update billing.tenant_key set wrapped = 'spoilt' where tenant_id = $1 and purpose = $2 and version = $3`,
    [tenantId, purpose, version],
  );

it('keys that are overdue because the KMS fails are warned of, and why', async () => {
  await tenantWithKeys();
  await makeOld(200);
  kms.trouble = new KeyManagementUnavailable('denied');
  const { warnings } = keep();
  await until(() => Promise.resolve(warnings.list().length === 1));
  expect(warnings.list()[0]).toMatchObject({
    code: 'keys_overdue',
    message: expect.stringMatching(/^4 keys .* \(key_management_unavailable:denied\)/) as string,
  });
});

it('a key that does not open is not followed by another, is told of as such, and stops none of the others', async () => {
  const spoilt = await tenantWithKeys();
  const others = [await tenantWithKeys(), await tenantWithKeys()];
  await makeOld(100);
  // Its are looked at first.
  await database.admin.query(
    `update billing.tenant_key set created_at = created_at - interval '1 day' where tenant_id = $1`,
    [spoilt],
  );
  await spoil(spoilt, 'client_secret', 1);
  const { warnings, lines } = keep();
  for (const tenantId of others)
    for (const purpose of ['client_secret', 'dead_letter', 'personal', 'token'] as const)
      await until(async () => (await newestOf(tenantId, purpose)) === 2);
  await until(() => Promise.resolve(warnings.list().length === 1));
  expect([await newestOf(spoilt, 'client_secret'), await newestOf(spoilt, 'token')]).toEqual([1, 2]);
  expect(warnings.list()[0]?.message).toMatch(/^1 keys .* \(newest_refused\)/);
  expect(lines.join('')).toContain('"error":"newest_refused"');
});

it('a clock that is 100 days ahead replaces nothing that is new, and ends what is under way', async () => {
  const tenantId = await tenantWithKeys();
  const untouched = await tenantWithKeys();
  await database.admin.query(
    `update billing.tenant_key set created_at = now() - interval '91 days' where tenant_id = $1 and purpose = 'token'`,
    [tenantId],
  );
  jest.useFakeTimers({
    now: Date.now() + 100 * 86_400_000,
    advanceTimers: true,
    doNotFake: ['nextTick', 'setImmediate', 'setInterval', 'setTimeout', 'queueMicrotask', 'performance', 'hrtime'],
  });
  keep({ roundMs: 20 });
  await until(async () => (await newestOf(tenantId, 'token')) === 2);
  await new Promise((resolve) => setTimeout(resolve, 300)); // a dozen rounds
  const { rows } = await database.admin.query('select from billing.tenant_key where version > 1');
  expect(rows).toHaveLength(1);
  expect(await newestOf(untouched, 'token')).toBe(1);
});

it('sealing anew replaces nothing by what does not open, does the other tenants, and says what failed', async () => {
  const [spoilt, other] = [await tenantWithKeys(), await tenantWithKeys()];
  const sealed = new Map<string, string>();
  for (const tenantId of [spoilt, other]) {
    const id = randomUUID();
    const place = { tenantId, table: 'processor_token', column: 'sealed', row: id };
    sealed.set(tenantId, await keysOf().sealToken(place, 'pm_1'));
    await database.admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed) values ($1, $2, $2, $3)`,
      [tenantId, id, sealed.get(tenantId)],
    );
    await rotationOf().rotate({ tenantId, purpose: 'token', version: 1 });
  }
  await spoil(spoilt, 'token', 2);
  keep();
  const ended = await until(async () => {
    const { rows } = await database.admin.query<{ last_error: string }>(
      `select last_error, rows_done, rows_broken from billing.key_reencryption where state = 'failed'`,
    );
    return rows[0];
  });
  expect(ended).toEqual({ last_error: 'newest_key_unusable', rows_done: '1', rows_broken: '0' });
  const { rows } = await database.admin.query<{ tenant_id: string; sealed: string; sealed_by: number }>(
    'select tenant_id, sealed, sealed_by from billing.processor_token',
  );
  const now = new Map(rows.map((row) => [row.tenant_id, row]));
  expect(now.get(spoilt)?.sealed).toBe(sealed.get(spoilt));
  expect(now.get(other)?.sealed_by).toBe(2);
});
