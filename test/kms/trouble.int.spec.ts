import { randomUUID } from 'node:crypto';
import { openKeyManagement } from '#keys';
import { startApi } from '../../apps/api/testing/running-api.js';
import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startWorker } from '../../apps/command-worker/testing/running-worker.js';
import { until } from '../../apps/gateway/testing/clock.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';
import { eventBody, signed, startIngest } from '../../apps/webhook-ingest/testing/running-ingest.js';
import { describeWithKafka } from '../kafka/suite.js';
import { describeWith, startEmulator } from './emulators.js';
import type { Emulator } from './emulators.js';
import type { FaultProxy } from './fault-proxy.js';
import { faults, startFaultProxy } from './fault-proxy.js';
import type { EmulatedKeys } from './keys.js';
import { makeKeys } from './keys.js';

/** The secret of an endpoint that is stored while the KMS is in trouble. */
const closed = 'whsec_ofTheOtherEndpoint';
const times = { tryTimeout_ms: 300, callTimeout_ms: 800 };

let emulator: Emulator;
let proxy: FaultProxy;
let keys: EmulatedKeys;
const describeWithMoto = await describeWith('moto');
const isThere = describeWithMoto === describe;

/** Those that open no circuit breaker first: behind one that is open nothing else can be told. */
const oneAfterTheOther = (
  ['denied', 'disabled', 'pending_deletion', 'throttled', 'timeout', 'unreachable'] as const
).map((name) => [name, faults[name]] as const);

/** What a service is started with, so that its KMS is behind the proxy. */
const settings = (): NodeJS.ProcessEnv => ({
  KMS_PROVIDER: 'aws',
  KMS_KEY_ID: keys.keyId,
  AWS_ENDPOINT_URL_KMS: proxy.url,
  KMS_TRY_TIMEOUT_MS: String(times.tryTimeout_ms),
  KMS_TIMEOUT_MS: String(times.callTimeout_ms),
});

beforeAll(async () => {
  if (!isThere) return;
  emulator = await startEmulator('moto');
  proxy = await startFaultProxy(emulator.endpoint);
  keys = await makeKeys(emulator.endpoint);
}, 30_000);
afterEach(() => {
  if (isThere) proxy.set(undefined);
});
afterAll(async () => {
  if (!isThere) return;
  await proxy.close();
  await emulator.close();
});

describeWithMoto('the api while the KMS is in trouble', () => {
  let api: RunningApi;
  let known: TestTenant;
  const customer = () => ({ email: `${randomUUID()}@example.com` });

  beforeAll(async () => {
    api = await startApi({ settings: settings() });
    known = await api.tenant();
    expect((await known.post('/v1/customers', customer())).status).toBe(201);
  }, 30_000);
  afterAll(() => api.close());

  it.each(Object.entries(faults))(
    '(%s) refuses new work with 503, changes nothing, and is well again',
    async (_, fault) => {
      const tenant = await api.tenant();
      const before = await api.written();
      proxy.set(fault);
      const key = { 'idempotency-key': randomUUID() };
      const body = customer();
      const refused = await tenant.post('/v1/customers', body, key);
      expect([refused.status, refused.json.code]).toEqual([503, 'key_management_unavailable']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.text).not.toMatch(/arn:|KMS|aws/i);
      expect(await api.written()).toEqual(before);
      const { rows } = await api.database.admin.query('select from billing.tenant_key where tenant_id = $1', [
        tenant.id,
      ]);
      expect(rows).toHaveLength(0);
      // Whoever has its keys in hand works on.
      expect((await known.post('/v1/customers', customer())).status).toBe(201);
      expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
      proxy.set(undefined);
      const created = await until(async () => {
        const reply = await tenant.post('/v1/customers', body, key);
        return reply.status !== 503 && reply;
      });
      expect(created.status).toBe(201);
    },
  );

  it('is degraded, and says so to whoever asks if it is ready, until it is well', async () => {
    const readiness = async () => (await (await fetch(`${api.url}/readyz`)).json()) as Record<string, unknown>;
    proxy.set(faults.disabled);
    const tenant = await api.tenant();
    await tenant.post('/v1/customers', customer());
    const degraded = await until(async () => {
      const said = await readiness();
      return said.status === 'degraded' && said;
    });
    expect(JSON.stringify(degraded)).toContain('key_management_unavailable');
    proxy.set(undefined);
    await until(async () => (await tenant.post('/v1/customers', customer())).status === 201);
    await until(async () => (await readiness()).status === 'ok');
  });

  it('sends nothing to a KMS that has been silent for a while but one call to see if it is back', async () => {
    proxy.set(faults.unreachable);
    const tenants = await Promise.all(Array.from({ length: 10 }, () => api.tenant()));
    for (const tenant of tenants) await tenant.post('/v1/customers', customer());
    proxy.asked.length = 0;
    const replies = await Promise.all(tenants.map((tenant) => tenant.post('/v1/customers', customer())));
    expect(replies.every(({ status }) => status === 503)).toBe(true);
    expect(proxy.asked.length).toBeLessThanOrEqual(4);
    proxy.set(undefined);
    await until(async () => (await tenants[0]?.post('/v1/customers', customer()))?.status === 201);
  });

  it('measures its calls, and what became of them', async () => {
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    for (const outcome of ['ok', ...Object.keys(faults)])
      expect(metrics).toMatch(new RegExp(`billing_kms_calls_total\\{.*outcome="${outcome}".*\\} [1-9]`));
    expect(metrics).toMatch(/billing_kms_breaker_state\{.*\} 0/);
    expect(metrics).toMatch(/billing_kms_call_seconds_count\{.*operation="GenerateDataKeyWithoutPlaintext".*\} [1-9]/);
  });
});

describeWithMoto('the webhook ingest while the KMS is in trouble', () => {
  it('of whichever kind, asks for the delivery again, stores nothing, and takes it in once it can', async () => {
    let aheadMs = 0;
    const ingest = await startIngest({ environment: settings(), now: () => new Date(Date.now() + aheadMs) });
    try {
      const body = eventBody('evt_kms');
      for (const [name, fault] of oneAfterTheOther) {
        proxy.set(fault);
        aheadMs += 1_500; // it is tried again every second
        const refused = await ingest.deliver(body, signed(body));
        expect([name, refused.status, refused.json.code]).toEqual([name, 503, 'key_management_unavailable']);
        expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(await ingest.rows()).toHaveLength(0);
      }
      proxy.set(undefined);
      await until(async () => (await ingest.deliver(body, signed(body))).status === 200);
      expect(await ingest.rows()).toHaveLength(1);
      expect(ingest.logged()).not.toContain('arn:aws');
    } finally {
      await ingest.close();
    }
  }, 30_000);

  it('refuses the deliveries of an endpoint alone whose secret it cannot open just now, and takes in all others', async () => {
    let aheadMs = 0;
    const ingest = await startIngest({
      environment: { ...settings(), STRIPE_CONNECT_WEBHOOK_SECRET: closed },
      now: () => new Date(Date.now() + aheadMs),
    });
    const deliver = (eventId: string) => {
      const body = eventBody(eventId);
      return ingest.deliver(body, signed(body));
    };
    const toConnect = (eventId: string) => {
      const body = eventBody(eventId, { account: 'acct_1' });
      return ingest.deliver(body, signed(body, { key: closed }), '/webhooks/stripe/connect');
    };
    try {
      const { admin } = ingest.database;
      const { rows } = await admin.query<{ stored: unknown }>(
        `delete from billing.processor_secret s where account = 'connect' returning to_jsonb(s) as stored`,
      );
      expect((await deliver('evt_open_1')).status).toBe(200);
      await admin.query(
        'insert into billing.processor_secret select * from jsonb_populate_record(null::billing.processor_secret, $1)',
        [rows[0]?.stored],
      );
      for (const [at, [name, fault]] of oneAfterTheOther.entries()) {
        proxy.set(fault);
        aheadMs += 31_000;
        const [open, refused] = [await deliver(`evt_open_${name}`), await toConnect('evt_closed')];
        expect([at, open.status]).toEqual([at, 200]);
        expect([name, refused.status, refused.json.code]).toEqual([name, 503, 'key_management_unavailable']);
      }
      proxy.set(undefined);
      aheadMs += 1_500;
      await until(async () => (await toConnect('evt_closed')).status === 200);
    } finally {
      await ingest.close();
    }
  }, 30_000);
});

describeWithMoto('the gateway while the KMS is in trouble', () => {
  it('of whichever kind, parks no call, however long it lasts, and goes on by itself', async () => {
    const kms = await openKeyManagement(keys.settings({ endpoint: proxy.url, ...times }), 'test');
    const bench = await Workbench.open(kms);
    try {
      const customerId = await bench.api.createCustomer(bench.tenantId);
      proxy.set(faults.denied);
      await bench.gateway();
      for (const [at, [, fault]] of oneAfterTheOther.entries()) {
        const tries = at + 1;
        proxy.set(fault);
        await until(async () => (await bench.calls()).some((call) => call.tries >= tries && call.last_error !== null));
        bench.clock.advance(120_000);
      }
      expect(await bench.calls()).toMatchObject([{ state: 'unknown', last_error: 'key_management_unavailable' }]);
      proxy.set(undefined);
      bench.clock.advance(120_000);
      await until(async () => (await bench.api.customer(bench.tenantId, customerId)).processorCustomerIds.length === 1);
      await bench.idle();
      expect(await bench.stripe.list('/v1/customers?limit=10')).toHaveLength(1);
    } finally {
      await bench.close();
    }
  }, 30_000);
});

describeWithKafka('the command worker while the KMS is in trouble', (brokers) => {
  (isThere ? it : it.skip)(
    'of whichever kind, keeps a command waiting, sets nothing aside, and carries it out once it can',
    async () => {
      const worker = await startWorker(brokers, settings());
      try {
        const tenantId = await worker.database.addTenant();
        const signer = await worker.signer('shop');
        proxy.set(faults.denied);
        const messageId = await worker.send(signer, {
          type: 'CreateCustomer',
          tenantId,
          body: { email: 'ada@example.com' },
        });
        for (const [, fault] of oneAfterTheOther) {
          proxy.set(fault);
          proxy.asked.length = 0;
          await until(async () => Promise.resolve(proxy.asked.length >= 1));
        }
        const { rows } = await worker.database.admin.query('select from billing.event where tenant_id = $1', [
          tenantId,
        ]);
        expect(rows).toHaveLength(0);
        proxy.set(undefined);
        const [result] = await worker.resultsOf(messageId);
        expect(result).toMatchObject({ outcome: 'accepted' });
        expect(await worker.letterRows()).toEqual([]);
      } finally {
        await worker.close();
      }
    },
    30_000,
  );
});
