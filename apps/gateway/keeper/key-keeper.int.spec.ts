import { randomUUID } from 'node:crypto';

import type { Keys } from '#keys';
import { KeyManagementUnavailable, processorTokenPlace, tenantPurposes } from '#keys';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';

import { KmsInMemory } from '../../../libs/keys/testing/kms-in-memory.js';
import { until } from '../testing/clock.js';
import { KeeperBench } from '../testing/keeper-bench.js';

const kms = new KmsInMemory();
let bench: KeeperBench;
beforeAll(async () => {
  bench = await KeeperBench.open(kms);
});
beforeEach(async () => {
  kms.trouble = undefined;
  await bench.clear();
});
afterEach(() => bench.rest());
afterAll(() => bench.close());

const person = (tenantId: string, subjectId: string) =>
  ({ tenantId, subjectId, purpose: 'contact', record: 'CustomerCreated.personal' }) as const;

describe('the keys of a tenant', () => {
  it('are made, one a purpose, as soon as it is there', async () => {
    const keeper = bench.keep();
    await until(async () => (await bench.versionsOf(await bench.database.addTenant(), 'token')).length === 0);
    const tenantId = await bench.database.addTenant();
    keeper.welcome(tenantId);
    await until(async () => (await bench.versionsOf(tenantId, 'token')).length === 1);
    for (const purpose of tenantPurposes)
      await until(async () => (await bench.versionsOf(tenantId, purpose)).length === 1);
  });

  it('are made later where the KMS was away, for every tenant that has none', async () => {
    const tenantId = await bench.database.addTenant();
    kms.trouble = new KeyManagementUnavailable('unreachable');
    bench.keep();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await bench.versionsOf(tenantId, 'personal')).toEqual([]);
    kms.trouble = undefined;
    bench.keep(); // what starts looks at once
    await until(async () => (await bench.versionsOf(tenantId, 'personal')).length === 1);
  });

  it('are replaced when they are old, and what they sealed is sealed anew; those that are compared with stay', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.rotation().create(tenantId);
    const ids = await bench.storeTokens(tenantId, 30);
    const digest = await bench.keys().fingerprint(tenantId, 'card');
    await bench.database.admin.query(`update billing.tenant_key set created_at = now() - interval '91 days'`);
    const warnings = new Warnings();
    bench.keep({ warnings });
    await until(async () => (await bench.tokensUnder(tenantId, 2)) === 30);
    await until(async () => (await bench.versionsOf(tenantId, 'token'))[0]?.emptied);
    expect(await bench.versionsOf(tenantId, 'token')).toEqual([
      { version: 1, superseded: true, emptied: true },
      { version: 2, superseded: false, emptied: false },
    ]);
    for (const purpose of ['index', 'fingerprint'] as const)
      expect(await bench.versionsOf(tenantId, purpose)).toEqual([{ version: 1, superseded: false, emptied: false }]);
    expect(await bench.keys().fingerprint(tenantId, 'card')).toBe(digest);
    const sealed = await bench.sealedOf(tenantId);
    for (const [at, id] of ids.entries())
      expect(await bench.keys().openToken(processorTokenPlace(tenantId, id), String(sealed.get(id)))).toBe(`pm_${at}`);
    expect(warnings.list()).toEqual([]);
  });

  it('that are overdue are told of: in the metrics, and to who asks whether the gateway is ready', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.rotation().create(tenantId);
    await bench.database.admin.query(
      `update billing.tenant_key set created_at = now() - interval '100 days' where tenant_id = $1 and purpose = 'token'`,
      [tenantId],
    );
    const warnings = new Warnings();
    const metrics = createMetrics('gateway');
    // A gateway that could not make newer ones, and does not stop trying.
    bench.keep({
      warnings,
      metrics,
      rotation: Object.assign(bench.rotation(), { rotate: () => Promise.resolve(false) }),
    });
    await until(async () => warnings.list().length === 1 && Promise.resolve(true));
    expect(warnings.list()[0]).toMatchObject({
      code: 'keys_overdue',
      message: expect.stringContaining('1 keys') as string,
    });
    const text = await metrics.metrics();
    expect(text).toMatch(/billing_keys_overdue\{purpose="token",app="gateway"\} 1/);
    expect(text).toMatch(/billing_key_age_days\{purpose="token",app="gateway"\} 100\.\d/);
    expect(text).not.toContain(tenantId);
  });
});

describe("the platform's own key", () => {
  it('that is overdue is told of in the metrics; the ingest, which replaces it, warns of it', async () => {
    const add = (version: number, days: number) =>
      bench.database.admin.query(
        `insert into billing.platform_key (processor, purpose, version, wrapped, created_at)
         values ('stripe', 'inbox', $1, 'x', now() - make_interval(days => $2))`,
        [version, days],
      );
    await add(1, 120);
    const tenantId = await bench.database.addTenant();
    await bench.rotation().create(tenantId);
    await bench.database.admin.query(
      `update billing.tenant_key set created_at = now() - interval '100 days' where tenant_id = $1 and purpose = 'token'`,
      [tenantId],
    );
    const warnings = new Warnings();
    const metrics = createMetrics('gateway');
    const rotation = Object.assign(bench.rotation(), { rotate: () => Promise.resolve(false) });
    bench.keep({ warnings, metrics, rotation });
    await until(() => Promise.resolve(warnings.list().length === 1));
    expect(warnings.list()[0]?.message).toMatch(/^1 keys /);
    expect(await metrics.metrics()).toMatch(/billing_keys_overdue\{purpose="inbox",app="gateway"\} 1/);
    expect(await metrics.metrics()).toMatch(/billing_key_age_days\{purpose="inbox",app="gateway"\} 120\.\d/);
    await add(2, 1);
    expect(await metrics.metrics()).toMatch(/billing_keys_overdue\{purpose="inbox",app="gateway"\} 0/);
    await bench.database.admin.query('delete from billing.platform_key');
  });
});

describe('sealing anew', () => {
  it('leaves a token as it is that was replaced meanwhile', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.storeTokens(tenantId, 3);
    await bench.rotate(tenantId, 'token');
    const [id = ''] = (await bench.sealedOf(tenantId)).keys();
    const keys = bench.keys();
    const fresh = await bench.keys().sealToken(processorTokenPlace(tenantId, id), 'pm_fresh');
    // Between reading a row and storing it, a payment method gets another token.
    const reseal = keys.resealToken.bind(keys);
    let replaced = false;
    keys.resealToken = async (place, sealed) => {
      const resealed = await reseal(place, sealed);
      if (place.row === id && !replaced) {
        replaced = true;
        await bench.database.admin.query(
          'update billing.processor_token set sealed = $2 where payment_method_id = $1',
          [id, fresh],
        );
      }
      return resealed;
    };
    bench.keep({ keys });
    await bench.ended(await bench.askForRun(tenantId));
    expect((await bench.sealedOf(tenantId)).get(id)).toBe(fresh);
    expect(await bench.tokensUnder(tenantId, 2)).toBe(3);
  });

  it('wraps the keys of people anew, opens what they sealed as before, and brings no erased one back', async () => {
    const tenantId = await bench.database.addTenant();
    const [kept, erased] = [randomUUID(), randomUUID()];
    const before = await bench.keys().sealPersonal(person(tenantId, kept), 'ada@example.com');
    const gone = await bench.keys().sealPersonal(person(tenantId, erased), 'bob@example.com');
    await bench.rotate(tenantId, 'personal');
    const keys = bench.keys();
    const rewrap = keys.rewrapSubjectKey.bind(keys);
    keys.rewrapSubjectKey = async (subject, key) => {
      await bench.database.admin.query('delete from billing.subject_key where subject_id = $1', [erased]);
      return rewrap(subject, key);
    };
    bench.keep({ keys });
    await bench.ended(await bench.askForRun());
    const { rows } = await bench.database.admin.query('select subject_id, sealed_by from billing.subject_key');
    expect(rows).toEqual([{ subject_id: kept, sealed_by: 2 }]);
    expect(await bench.keys().openPersonal(person(tenantId, kept), before)).toMatchObject({
      plaintext: 'ada@example.com',
    });
    expect(await bench.keys().openPersonal(person(tenantId, erased), gone)).toEqual({ erased: true });
  });

  it('counts a row that does not open, leaves it as it is, and does the others', async () => {
    const tenantId = await bench.database.addTenant();
    const [broken] = await bench.storeTokens(tenantId, 5);
    await bench.database.admin.query(
      `update billing.processor_token set sealed = left(sealed, 60) || 'AAAA' where payment_method_id = $1`,
      [broken],
    );
    await bench.rotate(tenantId, 'token');
    bench.keep({ batchSize: 2 });
    expect(await bench.ended(await bench.askForRun())).toMatchObject({
      rows_total: '5',
      rows_done: '4',
      rows_broken: '1',
    });
    expect(await bench.tokensUnder(tenantId, 1)).toBe(1);
    expect((await bench.versionsOf(tenantId, 'token'))[0]).toMatchObject({ emptied: false });
  });

  it('goes on where a gateway left it, whichever comes next, and does each row once', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.storeTokens(tenantId, 100);
    await bench.rotate(tenantId, 'token');
    const keys = bench.keys();
    const reseal = keys.resealToken.bind(keys);
    let sealed = 0;
    keys.resealToken = async (...asked) => {
      sealed += 1;
      if (sealed === 45) void first.close(0); // it ends within a batch
      return reseal(...asked);
    };
    const runId = await bench.askForRun();
    const first = bench.keep({ keys, batchSize: 10 });
    await until(async () => (await bench.run(runId))?.last_error === 'gateway_closed');
    const left = await bench.run(runId);
    expect(Number(left?.rows_done)).toBe(50);
    expect(await bench.tokensUnder(tenantId, 2)).toBe(50);
    bench.keep({ batchSize: 10 });
    expect(await bench.ended(runId)).toMatchObject({ rows_total: '100', rows_done: '100', rows_broken: '0' });
    expect(await bench.tokensUnder(tenantId, 2)).toBe(100);
  });

  it('waits for the KMS to come back, and says what it waits for', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.storeTokens(tenantId, 4);
    await bench.rotate(tenantId, 'token');
    kms.trouble = new KeyManagementUnavailable('disabled');
    const runId = await bench.askForRun();
    bench.keep();
    await until(async () => (await bench.run(runId))?.last_error === 'key_management_unavailable:disabled');
    kms.trouble = undefined;
    expect(await bench.ended(runId)).toMatchObject({ rows_done: '4', last_error: null });
  });

  it('is one gateway’s work at a time', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.storeTokens(tenantId, 60);
    await bench.rotate(tenantId, 'token');
    const [first, second] = [bench.keys(), bench.keys()];
    const working = new Set<Keys>();
    for (const keys of [first, second]) {
      const reseal = keys.resealToken.bind(keys);
      keys.resealToken = (...asked) => {
        working.add(keys);
        return reseal(...asked);
      };
    }
    const runId = await bench.askForRun();
    bench.keep({ keys: first, batchSize: 5 });
    bench.keep({ keys: second, batchSize: 5 });
    expect(await bench.ended(runId)).toMatchObject({ rows_done: '60' });
    expect(working.size).toBe(1);
  });

  it('finds what stands under a version without looking through a table, nor sorting it', async () => {
    const tenantId = await bench.database.addTenant();
    await bench.database.admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed)
       select $1, id, id, 'v1.' || case n % 100 when 0 then 1 else 2 end || '.AAAA'
       from (select n, gen_random_uuid() as id from generate_series(1, 5000) as n) as each`,
      [tenantId],
    );
    await bench.database.admin.query('analyze billing.processor_token');
    const { rows } = await bench.database.admin.query<{ 'QUERY PLAN': string }>(
      `explain select payment_method_id, sealed from billing.processor_token
       where tenant_id = '${tenantId}' and sealed_by = 1 and payment_method_id > '00000000-0000-0000-0000-000000000000'
       order by payment_method_id limit 10`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join(' ');
    expect(plan).toContain('Index Scan using processor_token_sealed_by');
    expect(plan).not.toContain('Sort');
  });
});
