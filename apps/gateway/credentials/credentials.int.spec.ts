import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Environment, SecretName } from '#keys';
import {
  KeyManagementUnavailable,
  PlatformKeys,
  PostgresKeyCandidates,
  PostgresPlatformKeyStore,
  PostgresProcessorSecrets,
  apiKeyForm,
} from '#keys';
import { ConfigurationError } from '#platform/configuration';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Processor } from '#processor';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { KmsInMemory } from '../../../libs/keys/testing/kms-in-memory.js';
import { until } from '../testing/clock.js';
import { Credentials } from './index.js';

const kms = new KmsInMemory();
let database: TestDatabase;
let directory: string;
let sandbox: StripeSandbox;
let gatewayPool: Pool;
let keysOf: (app: 'gateway' | 'operator', pool: Pool) => PlatformKeys;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
  sandbox = await startStripeSandbox({ directory: join(directory, 'sandbox'), port: 0 });
  gatewayPool = database.pool('billing_gateway');
  keysOf = (app, pool) =>
    new PlatformKeys({ app, environment: 'test', kms, store: new PostgresPlatformKeyStore(pool) });
});
afterAll(async () => {
  await sandbox.close();
  await database.drop();
  await rm(directory, { recursive: true });
});

const open: Credentials[] = [];
let warnings: Warnings;
let metrics: Registry;
let lines: string[];
beforeEach(async () => {
  await database.admin.query('delete from billing.processor_secret');
  kms.trouble = undefined;
  warnings = new Warnings();
  lines = [];
});
afterEach(async () => {
  for (const credentials of open.splice(0)) await credentials.close();
});

interface Given {
  apiKey?: string;
  environment?: Environment;
  now?: () => Date;
  keys?: PlatformKeys;
}

/** What a gateway of this environment would start with. */
const credentials = async ({ apiKey, environment = 'test', now, keys }: Given = {}): Promise<Credentials> => {
  metrics = createMetrics('gateway');
  const opened = await Credentials.open({
    environment,
    stripe: { apiKey, apiBase: sandbox.url },
    pool: gatewayPool,
    keys: keys ?? keysOf('gateway', gatewayPool),
    metrics,
    warnings,
    logger: createLogger({ app: 'gateway', level: 'info', write: (line) => lines.push(line) }),
    refreshMs: 30,
    now,
  });
  open.push(opened);
  return opened;
};

const name: SecretName = { processor: 'stripe', account: '', environment: 'test', kind: 'api' };

/** Stores a key as an operator does. Gives the versions that are valid then. */
const set = async (apiKey: string, overlapMs = 60_000): Promise<number[]> => {
  const now = new Date();
  const stored = await new PostgresProcessorSecrets(database.admin).rotate(
    name,
    (version) => keysOf('operator', database.admin).sealApiKey({ ...name, version }, apiKey),
    { now, overlapUntil: new Date(now.getTime() + overlapMs), form: apiKeyForm(apiKey) },
  );
  return stored.map(({ version }) => version);
};

/** Has a gateway look at a key, and gives what it says. */
const proposed = async (apiKey: string): Promise<Record<string, unknown>> => {
  const candidates = new PostgresKeyCandidates(database.admin);
  const keys = keysOf('operator', database.admin);
  const seal = (version: number) => keys.sealApiKey({ ...name, version }, apiKey);
  const version = await candidates.propose(name, seal, { form: 'sk_test', now: new Date() });
  return until(async () => {
    const { rows } = await database.admin.query(
      'select state, refusal, processor_account from billing.processor_secret where version = $1',
      [version],
    );
    const [row] = rows as Record<string, unknown>[];
    return row?.state !== 'candidate' && row;
  });
};

const stored = async () => {
  const { rows } = await database.admin.query(
    'select version, state, form, retires_at is null as newest from billing.processor_secret order by version',
  );
  return rows as unknown[];
};

const revokeAtStripe = (apiKey: string) =>
  fetch(`${sandbox.url}/sandbox/keys`, { method: 'POST', body: JSON.stringify({ revoke: apiKey }) });

describe("the gateway's keys", () => {
  it('begin with the one that the environment names, which is stored, sealed, once', async () => {
    for (const each of [await credentials({ apiKey: 'sk_test_first' }), await credentials({ apiKey: 'sk_test_first' })])
      expect(await each.processor.fetchBalance()).toEqual(expect.any(Array));
    expect(await stored()).toEqual([{ version: 1, state: 'valid', form: 'sk_test', newest: true }]);
    const { rows } = await database.admin.query('select * from billing.processor_secret');
    expect(JSON.stringify(rows) + lines.join('')).not.toContain('sk_test_first');
  });

  it('are followed by another one that the environment names, and not by one that was followed before', async () => {
    await credentials({ apiKey: 'sk_test_first' });
    await credentials({ apiKey: 'sk_test_second' });
    const both = [
      { version: 1, state: 'valid', form: 'sk_test', newest: false },
      { version: 2, state: 'valid', form: 'sk_test', newest: true },
    ];
    expect(await stored()).toEqual(both);
    await credentials({ apiKey: 'sk_test_first' });
    expect(await stored()).toEqual(both);
    expect(lines.join('')).toContain('a newer key is stored, and counts');
  });

  it('are not the one that the environment names where that was revoked: nothing is sent until another one is stored', async () => {
    await credentials({ apiKey: 'sk_test_first' });
    await new PostgresProcessorSecrets(database.admin).revoke(name, 1, new Date());
    const { processor } = await credentials({ apiKey: 'sk_test_first' });
    await expect(processor.fetchBalance()).rejects.toMatchObject({ reason: 'no_api_key' });
    expect(warnings.list()).toMatchObject([{ code: 'api_key_missing' }]);
    expect(lines.join('')).toContain('STRIPE_API_KEY names a key that was revoked');
    expect(await stored()).toMatchObject([{ version: 1, newest: false }]);
    await set('sk_test_second');
    await until(() => processor.fetchBalance().catch(() => undefined));
    await credentials({ apiKey: 'sk_test_first' });
    expect(await stored()).toMatchObject([{ version: 1 }, { version: 2, newest: true }]);
  });

  it('stop the boot where there is none', async () => {
    await expect(credentials()).rejects.toThrow(/^the gateway has no API key of Stripe: store one with [^\n]*$/);
  });

  it('stop the boot where one is of the wrong mode, whatever its row says', async () => {
    const keys = keysOf('operator', database.admin);
    const ciphertext = await keys.sealApiKey({ ...name, version: 1 }, 'sk_live_abcdef');
    await new PostgresProcessorSecrets(database.admin).addFirst(name, ciphertext, 'sk_test');
    const refused = await credentials().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigurationError);
    expect(String(refused)).toMatch(/: the stored API key is a live key, which only production may use[^\n]*$/);
    await expect(
      new PostgresProcessorSecrets(database.admin).addFirst({ ...name, environment: 'production' }, 'x', 'sk_test'),
    ).rejects.toThrow('processor_secret_mode');
  });

  it('are read again, so that a call is sent with the newest and none with one that has retired', async () => {
    await set('sk_test_first');
    const { processor } = await credentials();
    await set('sk_test_second', 0);
    await revokeAtStripe('sk_test_first');
    await until(() => processor.fetchBalance().catch(() => undefined));
    await processor.fetchBalance();
    expect(warnings.list()).toEqual([]);
  });

  it('fall back to the other valid one where the processor does not take the newest, and say so', async () => {
    await set('sk_test_good');
    await set('sk_test_leaked');
    await revokeAtStripe('sk_test_leaked');
    const { processor } = await credentials();
    await Promise.all(Array.from({ length: 10 }, () => processor.fetchBalance()));
    const listed: unknown[] = [];
    for await (const each of processor.listPayments({ from: new Date(0), to: new Date() })) listed.push(each);
    expect(warnings.list()).toContainEqual({
      code: 'api_key_refused',
      message: expect.stringContaining('version 2') as string,
    });
    expect(lines.filter((line) => line.includes('does not take a stored API key'))).toHaveLength(1);
  });

  it('are opened once the key management is back, and nothing is sent before', async () => {
    await set('sk_test_sealed');
    kms.trouble = new KeyManagementUnavailable('unreachable');
    const { processor } = await credentials({ apiKey: 'sk_test_sealed' });
    await expect(processor.fetchBalance()).rejects.toMatchObject({ reason: 'no_api_key' });
    expect(warnings.list()).toMatchObject([{ code: 'api_key_missing' }]);
    kms.trouble = undefined;
    await until(() => processor.fetchBalance().catch(() => undefined));
    expect(warnings.list()).toEqual([]);
  });

  it('that are open already go on for an hour while the key management is away, and are opened again once it is back', async () => {
    let aheadMs = 0;
    await set('sk_test_sealed');
    const keys = keysOf('gateway', gatewayPool);
    const { processor } = await credentials({ keys, now: () => new Date(Date.now() + aheadMs) });
    keys.clear();
    kms.trouble = new KeyManagementUnavailable('unreachable');
    aheadMs = 3_500_000;
    await until(() => processor.fetchBalance().catch(() => undefined));
    expect(warnings.list()).toEqual([]);
    aheadMs = 4_000_000;
    await until(async () => (await refusalOf(processor.fetchBalance())) === 'no_api_key');
    expect(warnings.list()).toMatchObject([{ code: 'api_key_missing' }]);
    kms.trouble = undefined;
    await until(() => processor.fetchBalance().catch(() => undefined));
    expect(warnings.list()).toEqual([]);
  });

  it.each(['denied', 'disabled', 'pending_deletion'] as const)(
    'that are open already are used no more once the key management says no: %s',
    async (trouble) => {
      let aheadMs = 0;
      await set('sk_test_sealed');
      const { processor } = await credentials({ now: () => new Date(Date.now() + aheadMs) });
      kms.trouble = new KeyManagementUnavailable(trouble);
      kms.asked = [];
      for (let times = 0; times < 5; times += 1) await processor.fetchBalance();
      expect(kms.asked).toEqual([]); // no call asks the KMS
      aheadMs = 301_000;
      await until(async () => (await refusalOf(processor.fetchBalance())) === 'no_api_key');
      kms.trouble = undefined;
      await until(() => processor.fetchBalance().catch(() => undefined));
    },
  );

  it('say that nothing was sent where none is left', async () => {
    await set('sk_test_only');
    const { processor } = await credentials();
    await new PostgresProcessorSecrets(database.admin).revoke(name, 1, new Date());
    await until(() =>
      processor.fetchBalance().then(
        () => false,
        (error: { reason?: string }) => error.reason === 'no_api_key',
      ),
    );
    expect(warnings.list()).toMatchObject([{ code: 'api_key_missing' }]);
  });

  it('are not used any more once they have not been read for ten minutes', async () => {
    await set('sk_test_stale');
    let aheadMs = 0;
    const opened = await credentials({ now: () => new Date(Date.now() + aheadMs) });
    await opened.close(); // so that nothing reads them
    const { processor } = opened;
    aheadMs = 599_000;
    await processor.fetchBalance();
    aheadMs = 602_000;
    await expect(processor.fetchBalance()).rejects.toMatchObject({ reason: 'no_api_key' });
  });
});

/** Waits until it is known whose the key of a version is. */
const noted = (version: number) =>
  until(async () => {
    const { rowCount } = await database.admin.query(
      'select from billing.processor_secret where version = $1 and processor_account is not null',
      [version],
    );
    return rowCount === 1;
  });
/** Waits until it is so. */
const shows = (is: () => boolean) => until(() => Promise.resolve(is()));
const codes = () => warnings.list().map(({ code }) => code);
const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: { reason?: string }) => error.reason,
  );
const newCustomer = (processor: Processor) =>
  processor.createCustomer({ tenantId: randomUUID(), customerId: randomUUID(), email: 'a@example.com' }, randomUUID());

describe('a key that lacks a permission', () => {
  it('gives way to the other valid one, for what it may not do alone, and says so until it may', async () => {
    await set('sk_test_complete');
    await set('rk_test_without_customers_write_x');
    const { processor } = await credentials();
    for (let times = 0; times < 3; times += 1)
      expect(await newCustomer(processor)).toMatchObject({ outcome: 'succeeded' });
    await processor.fetchBalance();
    expect(warnings.list()).toMatchObject([
      { code: 'api_key_forbidden', message: expect.stringMatching(/version 2 .* for createCustomer:/) as string },
    ]);
    expect(await metrics.metrics()).toMatch(
      /billing_api_key_refused_total{reason="api_key_forbidden",app="gateway"} 1/,
    );
    await new PostgresProcessorSecrets(database.admin).revoke(name, 2, new Date());
    await shows(() => codes().length === 0);
  });

  it('executes nothing where it is the only one, and ends no call', async () => {
    await set('rk_test_without_customers_write_x');
    const { processor } = await credentials();
    expect(await refusalOf(newCustomer(processor))).toBe('api_key_forbidden');
    expect(codes()).toEqual(['api_key_forbidden']);
    await set('sk_test_complete', 0);
    await until(() => newCustomer(processor).catch(() => undefined));
    await shows(() => codes().length === 0);
  });
});

describe('a key of another account', () => {
  const other = 'sk_test_of_another_account';

  it('is not used, though it is the newest, and neither is one that does not tell its own', async () => {
    await set('sk_test_ended');
    const { processor } = await credentials();
    await noted(1);
    await set(other);
    await noted(2);
    await shows(() => codes().includes('api_key_unusable'));
    await revokeAtStripe('sk_test_ended');
    expect(await refusalOf(processor.fetchBalance())).toBe('api_key_refused');
    await set('rk_test_without_accounts_read_x', 0);
    await until(async () => (await refusalOf(processor.fetchBalance())) === 'no_api_key');
  });

  it('stops the boot where it is the only one, with one line', async () => {
    await credentials({ apiKey: 'sk_test_sandbox' });
    await noted(1);
    await set(other, 0);
    await shows(() => codes().includes('api_key_missing'));
    await expect(credentials()).rejects.toThrow(
      /^the stored API key is of another account of Stripe than this database, which is of acct_3PlatformOfTheSandbox: [^\n]+$/,
    );
  });

  it('is not taken from the environment, and hurts none that is stored', async () => {
    await credentials({ apiKey: 'sk_test_sandbox' });
    await noted(1);
    const refused = await credentials({ apiKey: other }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigurationError);
    expect((refused as Error).message).toMatch(
      /^STRIPE_API_KEY is of another account of Stripe, acct_3AnotherOfTheSandbox, than this database, .* new database [^\n]+$/,
    );
    expect(await stored()).toMatchObject([{ version: 1, newest: true }]);
  });
});

describe('a key that cannot be opened', () => {
  it('hurts no other: what is revoked meanwhile is not used any more, and the other one goes on', async () => {
    let aheadMs = 0;
    await set('sk_test_present1', 0);
    const ciphertext = await keysOf('operator', database.admin).sealApiKey(
      { ...name, version: 2 },
      'sk_test_following',
    );
    const { processor } = await credentials({ now: () => new Date(Date.now() + aheadMs) });
    await noted(1);
    kms.trouble = new KeyManagementUnavailable('unreachable');
    const overlapUntil = new Date(Date.now() + 7_200_000);
    await new PostgresProcessorSecrets(database.admin).rotate(name, () => Promise.resolve(ciphertext), {
      ...{ now: new Date(), overlapUntil, form: 'sk_test' as const },
    });
    await shows(() => codes().includes('api_key_unusable'));
    aheadMs = 700_000;
    await until(async () => (await refusalOf(processor.fetchBalance())) === 'answered');
    await new PostgresProcessorSecrets(database.admin).revoke(name, 1, new Date());
    await until(async () => (await refusalOf(processor.fetchBalance())) === 'no_api_key');
    expect(codes()).toEqual(['api_key_missing']);
    expect(await metrics.metrics()).toMatch(/billing_api_keys_valid{app="gateway"} 0/);
    kms.trouble = undefined;
    await until(async () => (await refusalOf(processor.fetchBalance())) === 'answered');
    expect(codes()).toEqual([]);
  });

  it('is told of where none can be read any more', async () => {
    let aheadMs = 0;
    await set('sk_test_present1');
    await credentials({ now: () => new Date(Date.now() + aheadMs) });
    await noted(1);
    await database.admin.query('revoke select on billing.processor_secret from billing_gateway');
    try {
      await shows(() => lines.some((line) => line.includes('reading the stored API keys failed')));
      expect(codes()).toEqual([]);
      aheadMs = 602_000;
      await shows(() => codes().includes('api_key_missing'));
      expect(await metrics.metrics()).toMatch(/billing_api_keys_valid{app="gateway"} 0/);
    } finally {
      await database.admin.query('grant select on billing.processor_secret to billing_gateway');
    }
  });
});

describe('since when there is one key', () => {
  const minutes = (count: number) => new Date(Date.now() + count * 60_000);

  it('is always, while there was never another', async () => {
    await set('sk_test_present1');
    expect((await credentials()).isOneKeySince(minutes(-60))).toBe(true);
  });

  it('is never while two are valid, and then since a while after the other has ended', async () => {
    await set('sk_test_present1');
    await set('sk_test_following');
    const opened = await credentials();
    expect(opened.isOneKeySince(minutes(0))).toBe(false);
    await new PostgresProcessorSecrets(database.admin).revoke(name, 1, new Date());
    await shows(() => opened.isOneKeySince(minutes(3)));
    expect(opened.isOneKeySince(minutes(1))).toBe(false);
  });
});

describe('a key that is to follow', () => {
  beforeEach(async () => {
    await set('sk_test_present');
    await credentials();
    await until(async () => {
      const { rows } = await database.admin.query(
        'select from billing.processor_secret where processor_account is not null',
      );
      return rows.length > 0;
    });
  });

  it.each(['sk_test_next', 'rk_test_next'])(
    'is good where it is of the same account and may do everything: %s',
    async (key) => {
      expect(await proposed(key)).toMatchObject({
        state: 'checked',
        refusal: null,
        processor_account: expect.stringMatching(/^acct_/) as string,
      });
    },
  );

  it.each([
    ['lacks a permission', 'rk_test_without_refunds_write_x', /lacks permissions: refunds\.write;/],
    ['is not known to the processor', 'rk_test_revoked', /does not know it, or it was revoked/],
    ['is of the wrong mode', 'sk_live_abcdef', /test key in production, or a live key elsewhere/],
    ['is no key', 'whsec_abcdefgh', /does not open, or is no key/],
  ])('is refused with the reason where it %s, and none of it is told', async (_, key, reason) => {
    await revokeAtStripe('rk_test_revoked');
    const { state, refusal } = await proposed(key);
    expect([state, refusal]).toEqual(['refused', expect.stringMatching(reason)]);
    expect(String(refusal) + lines.join('')).not.toContain(key);
  });

  it('is looked at once it is known whose the present one is, however young that is', async () => {
    await set('sk_test_younger', 0);
    expect(await proposed('sk_test_next')).toMatchObject({ state: 'checked', refusal: null });
  });

  it('is refused where it is of another account', async () => {
    expect(await proposed('sk_test_of_another_account')).toMatchObject({
      state: 'refused',
      refusal: expect.stringMatching(
        /^it is of another account, acct_3AnotherOfTheSandbox, than the key in use, acct_3PlatformOfTheSandbox$/,
      ) as string,
    });
  });
});
