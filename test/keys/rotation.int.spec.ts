import { randomUUID } from 'node:crypto';
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
import { PostgresLog } from '#log';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { StripeProcessor } from '#processor/stripe';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import { Pool } from 'pg';

import { defaultKeyCacheLimits } from '../../libs/keys/key-cache.js';
import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { billingProgram } from '../../apps/cli/program.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import type { RunningGateway } from '../../apps/gateway/assemble.js';
import { startGateway } from '../../apps/gateway/assemble.js';
import { until } from '../../apps/gateway/testing/clock.js';

// As if five minutes were this: the api takes up newer versions while it is under load.
Object.assign(defaultKeyCacheLimits, { maxAgeMs: 300 });

let api: RunningApi;
let tenant: TestTenant;
let sandbox: StripeSandbox;
let kms: LocalKeyManagement;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  api = await startApi();
  sandbox = await startStripeSandbox({ directory: join(api.dataDirectory, 'sandbox'), port: 0 });
  kms = await LocalKeyManagement.open({ path: join(api.dataDirectory, 'keyring.json'), environment: 'test' });
  tenant = await api.tenant();
});
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await sandbox.close();
  await api.close();
});

const gatewayKeys = (pool = api.database.pool('billing_gateway')) =>
  new Keys({
    ...{ app: 'gateway', environment: 'test', kms },
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });

/** A gateway as another process would be. One that keeps keys seals anew in small steps, so that it can be caught at it. */
const openGateway = async (
  keepsKeys: Keys | undefined,
  pool = api.database.pool('billing_gateway'),
): Promise<RunningGateway> => {
  const log = new PostgresLog(pool, api.database.url('billing_gateway'), { warn: () => undefined });
  const keyring = new PostgresTenantKeyring(pool);
  const gateway = await startGateway({
    ...{ environment: 'test', pool, log, pollMs: 50 },
    keys: gatewayKeys(),
    platformKeys: new PlatformKeys({
      ...{ app: 'gateway', environment: 'test', kms },
      store: new PostgresPlatformKeyStore(pool),
    }),
    keyKeeping: keepsKeys
      ? {
          rotation: new TenantKeyRotation({ app: 'gateway', environment: 'test', kms, keyring }),
          keys: keepsKeys,
          ...{ lifeDays: 90, pollMs: 20, batchSize: 5, settleMs: 0 },
        }
      : undefined,
    processor: new StripeProcessor({ apiKey: 'sk_test_sandbox', apiBase: sandbox.url, timeoutMs: 2_000 }),
    metrics: createMetrics('gateway'),
    logger: createLogger({ app: 'gateway', level: 'silent' }),
  });
  closing.push(async () => {
    await gateway.close(0);
    await log.close();
  });
  return gateway;
};

const billing = (...args: string[]) =>
  runCommand(
    billingProgram({
      BILLING_ENV: 'test',
      DATABASE_URL: api.database.adminUrl,
      BILLING_DATA_DIR: api.dataDirectory,
      LOG_LEVEL: 'silent',
    }),
    args,
  );

/** Payers come, attach a card and are charged, over and over, until it is told to end. Gives what went other than well. */
const load = (
  workers: number,
): { charged(more: number): Promise<void>; end(): Promise<{ charges: number; failures: string[] }> } => {
  const failures: string[] = [];
  let charges = 0;
  let ending = false;
  const wanted = async (path: string, body: unknown, status: string): Promise<Record<string, unknown>> => {
    const reply = await tenant.post(path, body, { prefer: 'wait=10' });
    const json: Record<string, unknown> = reply.json;
    if (json.status !== status) failures.push(`${path}: ${reply.status} ${reply.text}`);
    return json;
  };
  const work = async (): Promise<void> => {
    while (!ending) {
      const email = `${randomUUID()}@example.com`;
      const customer = await tenant.post('/v1/customers', { email });
      if (customer.status !== 201) failures.push(`/v1/customers: ${customer.status} ${customer.text}`);
      const customerId = String(customer.json.id);
      const card = { type: 'card', processorToken: 'pm_card_visa' };
      const method = await wanted(`/v1/customers/${customerId}/payment-methods`, card, 'attached');
      const charge = { amount: 1_000, currency: 'usd', customerId, paymentMethodId: method.id };
      await wanted('/v1/payments', charge, 'succeeded');
      charges += 1;
    }
  };
  const working = Array.from({ length: workers }, work);
  return {
    /** Resolves once so many have been charged from now on, however slow the machine is. */
    charged: async (more) => {
      const enough = charges + more;
      await until(() => Promise.resolve(charges >= enough || failures.length > 0), 30_000);
    },
    end: async () => {
      ending = true;
      await Promise.all(working);
      return { charges, failures };
    },
  };
};

/**
 * A gateway that is gone in the middle of a batch, as by SIGKILL as far as anybody else can tell: it has read rows and sealed some of them
 * anew, it never does the next step, and its sessions end, with the lock that one of them held.
 */
const crashingGateway = async (): Promise<{ crash(): Promise<void> }> => {
  const keys = gatewayKeys();
  const reseal = keys.resealToken.bind(keys);
  const never = new Promise<never>(() => undefined);
  let sealed = 0;
  keys.resealToken = (...asked) => {
    sealed += 1;
    return sealed > 23 ? never : reseal(...asked);
  };
  const pool = new Pool({ connectionString: api.database.url('billing_gateway'), application_name: 'crashing' });
  pool.on('error', () => undefined);
  await openGateway(keys, pool);
  const close = closing.pop();
  return {
    crash: async () => {
      await until(() => Promise.resolve(sealed > 23));
      // Nothing can be written by it from then on; only then its loops are ended.
      const { rowCount } = await api.database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crashing' and datname = current_database()`,
      );
      expect(rowCount).toBeGreaterThan(0);
      void pool.end();
      void close?.().catch(() => undefined);
    },
  };
};

/** Tokens of cards that nobody uses meanwhile. */
const storeTokens = async (count: number): Promise<string[]> => {
  const keys = gatewayKeys();
  const ids = Array.from({ length: count }, () => randomUUID());
  const cell = { tenantId: tenant.id, table: 'processor_token', column: 'sealed' };
  const sealed = await Promise.all(ids.map((row) => keys.sealToken({ ...cell, row }, `pm_${row}`)));
  await api.database.admin.query(
    `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed)
     select $1, id, id, sealed from unnest($2::uuid[], $3::text[]) as n (id, sealed)`,
    [tenant.id, ids, sealed],
  );
  return ids;
};

const rowsDone = async (): Promise<number> => {
  const { rows } = await api.database.admin.query<{ done: number }>(
    `select coalesce(max(rows_done), 0)::integer as done from billing.key_reencryption where state = 'running'`,
  );
  return rows[0]?.done ?? 0;
};

const tokensUnder = async (version: number): Promise<number> => {
  const { rows } = await api.database.admin.query<{ count: number }>(
    'select count(*)::integer as count from billing.processor_token where sealed_by = $1',
    [version],
  );
  return rows[0]?.count ?? 0;
};

const newestOf = async (purpose: string): Promise<number> => {
  const { rows } = await api.database.admin.query<{ version: number }>(
    'select max(version) as version from billing.tenant_key where tenant_id = $1 and purpose = $2',
    [tenant.id, purpose],
  );
  return rows[0]?.version ?? 0;
};

it('keys rotate, with the master key above them, and everything is sealed anew, a gateway dying over it, without one failed request', async () => {
  const carrying = await openGateway(undefined); // whatever becomes of those that keep keys, calls are made
  const idle = await storeTokens(120);
  const underLoad = load(4);
  await underLoad.charged(2);

  const first = await crashingGateway();
  expect((await billing('keys', 'rotate', '--tenant', tenant.id)).err).not.toContain('error');
  expect(await newestOf('token')).toBe(2);
  const asked = billing('keys', 're-encrypt', '--tenant', tenant.id, '--json');
  await first.crash();
  await underLoad.charged(2); // between two gateways that keep keys
  const leftAt = await rowsDone();
  expect(leftAt).toBeGreaterThan(0);
  expect(leftAt).toBeLessThan(120);
  expect((await billing('keys', 'rotate', '--master')).out).toContain('new material');
  await openGateway(gatewayKeys());
  const ran = await asked;
  expect(JSON.parse(ran.out)).toMatchObject({ state: 'done', rowsBroken: 0 });
  await underLoad.charged(2);
  await billing('keys', 'rotate', '--tenant', tenant.id, '--purpose', 'token');
  // Nobody has asked to seal anew: what stands under the third version the api has sealed so, while the load goes on.
  await until(async () => (await tokensUnder(3)) > 0);
  expect(await tokensUnder(2)).toBeGreaterThanOrEqual(idle.length);

  await underLoad.charged(3);
  const { charges, failures } = await underLoad.end();
  await carrying.close(0);
  expect(failures).toEqual([]);
  expect(charges).toBeGreaterThan(8); // some in each part of it

  // What the api sealed under the version before, while it had that in its cache, is sealed anew, too.
  expect(await billing('keys', 're-encrypt', '--tenant', tenant.id)).toMatchObject({ code: 0 });
  const { admin } = api.database;
  const newest = await newestOf('token');
  expect(newest).toBe(3);
  const tokens = await admin.query<{ id: string; sealed: string; sealed_by: number }>(
    'select payment_method_id as id, sealed, sealed_by from billing.processor_token',
  );
  expect(new Set(tokens.rows.map((row) => row.sealed_by))).toEqual(new Set([newest]));
  const keys = gatewayKeys();
  const open = ({ id: row, sealed }: { id: string; sealed: string }) =>
    keys.openToken({ tenantId: tenant.id, table: 'processor_token', column: 'sealed', row }, sealed);
  const opened = new Map<string, string>();
  for (const row of tokens.rows) opened.set(row.id, await open(row));
  for (const id of idle) expect(opened.get(id)).toBe(`pm_${id}`);
  expect(tokens.rows.length).toBeGreaterThanOrEqual(idle.length + charges);
  const people = await admin.query('select from billing.subject_key where sealed_by <> $1', [
    await newestOf('personal'),
  ]);
  expect(people.rowCount).toBe(0);

  const [customer] = (
    await admin.query<{ id: string }>(
      `select substr(stream_id, 10) as id from billing.event where type = 'CustomerCreated' and tenant_id = $1 limit 1`,
      [tenant.id],
    )
  ).rows;
  expect((await tenant.get(`/v1/customers/${String(customer?.id)}`)).json.email).toMatch(/@example\.com$/);
}, 120_000);

it('a tenant that is added has its keys at once, before anybody uses them', async () => {
  const added = await billing('tenants', 'add', 'Acme', '--json');
  const { id } = JSON.parse(added.out) as { id: string };
  const purposes = await until(async () => {
    const { rows } = await api.database.admin.query<{ purpose: string }>(
      'select purpose from billing.tenant_key where tenant_id = $1 order by purpose',
      [id],
    );
    return rows.length === 7 && rows.map(({ purpose }) => purpose);
  });
  expect(purposes).toEqual(['audit', 'client_secret', 'dead_letter', 'fingerprint', 'index', 'personal', 'token']);
});

it('billing keys tells how keys stand', async () => {
  const all = await billing('keys', 'status', '--json');
  const { keys, platform, reEncryption } = JSON.parse(all.out) as {
    keys: { purpose: string; rotates: boolean; overdue: number; versionsLeft: number; rowsLeft: number }[];
    platform: unknown[];
    reEncryption: unknown;
  };
  expect(keys.map(({ purpose, rotates }) => [purpose, rotates])).toEqual([
    ['audit', false],
    ['client_secret', true],
    ['dead_letter', true],
    ['fingerprint', false],
    ['index', false],
    ['personal', true],
    ['token', true],
  ]);
  for (const { overdue, rowsLeft } of keys) expect([overdue, rowsLeft]).toEqual([0, 0]);
  expect(platform).toEqual([]);
  expect(reEncryption).toMatchObject({ state: 'done' });
  const one = await billing('keys', 'status', '--tenant', tenant.id);
  expect(one.out).toMatch(/token\s+│\s+3 │\s+0 │ newest\s+│\s+\d{3}/);
  expect(one.out).toMatch(/token\s+│\s+2 │\s+0 │ (emptied|superseded)\s+│\s+0/);
  expect(one.out).toMatch(/index\s+│\s+1 │\s+0 │ newest\s+│\s+compares/);
});

it('billing keys rotate replaces the keys of all tenants, and the platform’s own, whose deliveries still open', async () => {
  const platformKeys = (app: 'gateway' | 'webhook-ingest', role: string) =>
    new PlatformKeys({
      ...{ app, environment: 'test', kms },
      store: new PostgresPlatformKeyStore(api.database.pool(role)),
    });
  const event = { processor: 'stripe', eventId: 'evt_1' };
  const letter = { body: Buffer.from('{}'), signature: undefined };
  const before = await platformKeys('gateway', 'billing_gateway').sealInbox(event, letter);
  const newest = await newestOf('personal');
  const { rows } = await api.database.admin.query<{ count: number }>(
    `select count(*)::integer as count from billing.tenant_key where superseded_at is null and purpose not in ('audit', 'index', 'fingerprint')`,
  );
  const ran = await billing('keys', 'rotate', '--json');
  expect(JSON.parse(ran.out)).toEqual({ rotated: rows[0]?.count, made: 0, platformRotated: 1 });
  expect(await newestOf('personal')).toBe(newest + 1);
  expect(await newestOf('index')).toBe(1);
  const after = await platformKeys('gateway', 'billing_gateway').sealInbox(event, letter);
  expect([before, after].map((sealed) => sealed.slice(0, 5))).toEqual(['v1.1.', 'v1.2.']);
  const ingest = platformKeys('webhook-ingest', 'billing_webhook_ingest');
  for (const sealed of [before, after]) expect(await ingest.openInbox(event, sealed)).toEqual(letter);
  const overdue = await billing('keys', 'rotate', '--overdue', '--json');
  expect(JSON.parse(overdue.out)).toEqual({ rotated: 0, made: 0, platformRotated: 0 });
});

it.each([
  [['--purpose', 'index'], 'never replaced'],
  [['--purpose', 'passwords'], 'is one of client_secret, dead_letter, personal, token'],
  [['--tenant', randomUUID()], 'there is no tenant'],
  [['--tenant', 'acme'], 'a UUID'],
])('billing keys rotate %s is refused with what to write instead', async (args, words) => {
  const ran = await billing('keys', 'rotate', ...args);
  expect([ran.code, ran.err]).toEqual([64, expect.stringContaining(words)]);
});
