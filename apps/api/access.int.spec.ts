import { allActions } from '#access';
import { randomUUID } from 'node:crypto';

import type { Reply } from './testing/call.js';
import { disputed } from './testing/disputed.js';
import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';
import { SealedLog } from './testing/sealed-log.js';

let api: RunningApi;
let owner: TestTenant;
let other: TestTenant;

/** The routes for the caller's own tenant. What hostile tokens get from them is in test/attacks. */
const routes = allActions.flatMap(({ route = '', tenancy }) => {
  const [method = '', pattern = ''] = route.split(' ');
  return tenancy === 'own' ? [{ method: method as 'GET' | 'POST', template: pattern.replace(':id', '{id}') }] : [];
});

beforeAll(async () => {
  api = await startApi({ readModels: true });
  [owner, other] = await Promise.all([api.tenant(), api.tenant()]);
});
afterAll(() => api.close());

/** A body with which the route would do something, given ids that exist. */
const bodyFor = (template: string, ids: { customerId: string; paymentMethodId: string }): unknown => {
  if (template === '/v1/customers') return { email: `${randomUUID()}@example.com` };
  if (template.endsWith('/payment-methods')) return { type: 'card', processorToken: 'pm_card_visa' };
  if (template.endsWith('/default-payment-method')) return { paymentMethodId: ids.paymentMethodId };
  if (template === '/v1/setup-intents') return { customerId: ids.customerId };
  if (template === '/v1/checkout-sessions') return { mode: 'setup', customerId: ids.customerId };
  if (template === '/v1/connected-accounts') return { processorAccountId: 'acct_1' };
  if (template.endsWith('/evidence')) return { evidence: { uncategorizedText: 'it was delivered' } };
  return template === '/v1/payments' ? { amount: 1_999, currency: 'usd', ...ids } : undefined;
};

describe('a token', () => {
  it('of a platform_admin must name the tenant', async () => {
    const admin = tenantAt(api.url, owner.id, await api.tokenFor({ role: 'platform_admin' }));
    expectProblem(await admin.get('/v1/payments'), 403, 'tenant_required');
    expect((await admin.get('/v1/payments', { 'billing-tenant': owner.id.toUpperCase() })).status).toBe(200);
    const none = await admin.get('/v1/payments', { 'billing-tenant': "x'; drop table billing.event; --" });
    expectProblem(none, 403, 'tenant_required');
  });

  it('of a tenant that was never created here is told so', async () => {
    const unknown = randomUUID();
    const nobody = tenantAt(api.url, unknown, await api.tokenFor({ tenantId: unknown, mfa: true }));
    const before = await api.written();
    for (const { method, template } of routes) {
      const path = template.replace('{id}', randomUUID());
      const ids = { customerId: randomUUID(), paymentMethodId: randomUUID() };
      const reply = method === 'GET' ? await nobody.get(path) : await nobody.post(path, bodyFor(template, ids));
      // What only a platform_admin may, a tenant is refused before.
      expect(template === '/v1/connected-accounts' ? [403] : [200, 404]).toContain(reply.status);
      if (method === 'POST' && template !== '/v1/connected-accounts') expectProblem(reply, 404, 'tenant_unknown');
    }
    expect(await api.written()).toEqual(before);
  });
});

describe('another tenant', () => {
  const made: Record<string, string> = {};

  beforeAll(async () => {
    const idOf = async (reply: Promise<Reply>) => (await reply).json.id as string;
    made.customers = await idOf(owner.post('/v1/customers', { email: 'ada@example.com' }));
    const token = { type: 'card', processorToken: 'pm_card_visa' };
    made['payment-methods'] = await idOf(owner.post(`/v1/customers/${made.customers}/payment-methods`, token));
    await api.processor.attaches(owner.id, made.customers, made['payment-methods']);
    const charge = {
      amount: 5_000,
      currency: 'usd',
      customerId: made.customers,
      paymentMethodId: made['payment-methods'],
    };
    made['setup-intents'] = await idOf(owner.post('/v1/setup-intents', { customerId: made.customers }));
    made['checkout-sessions'] = await idOf(
      owner.post('/v1/checkout-sessions', { mode: 'setup', customerId: made.customers }),
    );
    made.payments = await idOf(owner.post('/v1/payments', { ...charge, orderId: 'order-1' }));
    await api.processor.charges(owner.id, made.payments);
    made.refunds = await idOf(owner.post(`/v1/payments/${made.payments}/refunds`, { amount: 100 }));
    made.disputes = await disputed(api, owner, made.payments);
    const admin = tenantAt(
      api.url,
      owner.id,
      await api.tokenFor({ role: 'platform_admin', tenantId: owner.id, mfa: true }),
    );
    made['connected-accounts'] = await idOf(admin.post('/v1/connected-accounts', { processorAccountId: 'acct_1' }));
    const [event] = await api.processor.eventsOf(owner.id, `payment-${made.payments}`);
    made.audit = event?.eventId ?? '';
    await (await SealedLog.of(api)).seal();
    await api.caughtUp();
  });

  const pathOf = (template: string): string => template.replace('{id}', made[template.split('/')[2] ?? ''] ?? '');

  it('finds nothing under an id, to read or to write, that its owner finds', async () => {
    const withId = routes.filter(({ template }) => template.includes('{id}'));
    expect(withId).toHaveLength(21);
    for (const { method, template } of withId) {
      const before = await api.written();
      const ids = { customerId: made.customers as string, paymentMethodId: made['payment-methods'] as string };
      const body = bodyFor(template, ids);
      const reply = method === 'GET' ? await other.get(pathOf(template)) : await other.post(pathOf(template), body);
      expect([template, reply.status]).toEqual([template, 404]);
      expect(await api.written()).toEqual(before);
      // The same answer as for an id that nobody has, but for the id.
      const nobody = template.replace('{id}', randomUUID());
      const same = method === 'GET' ? await other.get(nobody) : await other.post(nobody, body);
      expect([same.status, same.json.code]).toEqual([404, reply.json.code]);
      const isThere = method === 'GET' && !template.endsWith('/next-action'); // nothing is to be done about it
      if (isThere) expect((await owner.get(pathOf(template))).status).toBe(200);
    }
  });

  it('cannot charge its customer or method', async () => {
    const mine = (await other.post('/v1/customers', { email: 'eve@example.com' })).json.id as string;
    const before = await api.written();
    const charge = { amount: 5_000, currency: 'usd', customerId: made.customers };
    const theirs = { paymentMethodId: made['payment-methods'] };
    expectProblem(await other.post('/v1/payments', charge), 404, 'customer_not_found', 'customerId');
    for (const body of [
      { ...charge, ...theirs },
      { ...charge, ...theirs, customerId: mine },
    ])
      expectProblem(await other.post('/v1/payments', body), 404, 'payment_method_not_found', 'paymentMethodId');
    expect(await api.written()).toEqual(before);
  });

  it('lists none of it, whatever it filters by', async () => {
    const { customers = '', payments = '' } = made;
    for (const query of [
      '',
      `?customerId=${customers}`,
      '?orderId=order-1',
      `?customerId=${customers}&orderId=order-1`,
    ])
      expect((await other.get(`/v1/payments${query}`)).json.data).toEqual([]);
    expect((await other.get(`/v1/refunds?paymentId=${payments}`)).json.data).toEqual([]);
    expect((await other.get(`/v1/disputes?paymentId=${payments}`)).json.data).toEqual([]);
    expect((await other.get('/v1/balances')).json.data).toEqual([]);
    for (const line of (await other.get('/v1/events')).text.split('\n')) expect(line).not.toContain(customers);
  });

  it('may have a customer with the same email, and the same key', async () => {
    const key = { 'idempotency-key': 'shared' };
    const [first, second] = [
      await owner.post('/v1/customers', { email: 'same@example.com' }, key),
      await other.post('/v1/customers', { email: 'same@example.com' }, key),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.json.id).not.toBe(second.json.id);
  });

  it("sees nothing of the requests that failed before on the api's connections", async () => {
    const paths = ['/v1/payments', '/v1/customers', '/v1/balances', '/v1/refunds', '/v1/disputes'];
    const failing = [
      () => owner.get('/v1/payments?cursor=x'),
      () => owner.get(`/v1/payments/${randomUUID()}`),
      () => owner.post('/v1/payments', { amount: 5_000, currency: 'usd', customerId: randomUUID() }),
      () => owner.post('/v1/customers', '{'),
      () => owner.post(`/v1/payments/${made.payments}/capture`),
      () => owner.post(`/v1/payments/${made.payments}/refunds`, { amount: 999_999 }),
      () => owner.get('/v1/payments', { 'billing-min-position': '0:999999' }),
      () => tenantAt(api.url, owner.id, 'nonsense').get('/v1/payments'),
    ];
    await Promise.all(
      Array.from({ length: 160 }, async (_, at) => {
        const failed = await failing[at % failing.length]?.();
        expect(failed?.status).toBeGreaterThanOrEqual(400);
        const seen = await other.get(paths[at % paths.length] ?? '');
        expect(seen.text).not.toContain(made.customers);
        expect(seen.text).not.toContain(made.payments);
      }),
    );
    const { rows } = await api.database.pool('billing_api').query('select * from billing.rm_payment');
    expect(rows).toEqual([]);
  });
});
