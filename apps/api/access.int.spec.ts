import { developmentIssuer } from '#platform/configuration';
import { SignJWT, UnsecuredJWT, exportSPKI, importJWK } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Reply } from './testing/call.js';
import { disputed } from './testing/disputed.js';
import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { audience, startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
let owner: TestTenant;
let other: TestTenant;
let routes: { method: 'GET' | 'POST'; template: string }[];
let key: JWK;

beforeAll(async () => {
  api = await startApi({ readModels: true });
  [owner, other] = await Promise.all([api.tenant(), api.tenant()]);
  const { paths } = (await owner.get('/openapi.json')).json as { paths: Record<string, object> };
  routes = Object.entries(paths).flatMap(([template, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase() as 'GET' | 'POST', template })),
  );
  key = JSON.parse(await readFile(join(api.dataDirectory, 'development-issuer.json'), 'utf8')) as JWK;
});
afterAll(() => api.close());

/** A body with which the route would do something, given ids that exist. */
const bodyFor = (template: string, ids: { customerId: string; paymentMethodId: string }): unknown => {
  if (template === '/v1/customers') return { email: `${randomUUID()}@example.com` };
  if (template.endsWith('/payment-methods')) return { type: 'card', processorToken: 'pm_card_visa' };
  if (template === '/v1/connected-accounts') return { processorAccountId: 'acct_1' };
  if (template.endsWith('/evidence')) return { evidence: { uncategorizedText: 'it was delivered' } };
  return template === '/v1/payments' ? { amount: 1_999, currency: 'usd', ...ids } : undefined;
};

/** Calls every route with a token and holds that nothing is written and that each answer is the same problem. */
const allRoutesRefuse = async (token: string, status: number, code: string): Promise<Reply[]> => {
  const ids = { customerId: randomUUID(), paymentMethodId: randomUUID() };
  const before = await api.written();
  const caller = tenantAt(api.url, owner.id, token);
  const replies = await Promise.all(
    routes.map(({ method, template }) => {
      const path = template.replace('{id}', randomUUID());
      return method === 'GET' ? caller.get(path) : caller.post(path, bodyFor(template, ids));
    }),
  );
  for (const reply of replies) expectProblem(reply, status, code);
  expect(await api.written()).toEqual(before);
  return replies;
};

const claims = (): JWTPayload => ({ roles: ['tenant_admin'], tenant_id: owner.id, jti: randomUUID() });

const sign = async (
  payload: JWTPayload,
  {
    issuer = developmentIssuer,
    to = audience,
    expires = '1h',
  }: { issuer?: string; to?: string; expires?: string | Date } = {},
): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
    .setIssuer(issuer)
    .setAudience(to)
    .setSubject('tester')
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(await importJWK(key, 'ES256'));

describe('a token', () => {
  it('that is missing', async () => {
    for (const { headers } of await allRoutesRefuse('', 401, 'token_missing'))
      expect(headers.get('www-authenticate')).toBe('Bearer realm="billing"');
    for (const { headers } of await allRoutesRefuse('nonsense', 401, 'token_malformed'))
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('that has expired', async () => {
    await allRoutesRefuse(await sign(claims(), { expires: new Date(Date.now() - 60_000) }), 401, 'token_expired');
  });

  it('for another audience, and from another issuer', async () => {
    await allRoutesRefuse(await sign(claims(), { to: 'another-service' }), 401, 'token_wrong_audience');
    await allRoutesRefuse(await sign(claims(), { issuer: 'https://issuer.example' }), 401, 'token_wrong_issuer');
  });

  it('that is not signed (alg: none)', async () => {
    const token = new UnsecuredJWT(claims()).setIssuer(developmentIssuer).setAudience(audience).setSubject('tester');
    await allRoutesRefuse(
      `${token.setIssuedAt().setExpirationTime('1h').encode()}AA`,
      401,
      'token_algorithm_not_allowed',
    );
    await allRoutesRefuse(token.encode(), 401, 'token_malformed');
  });

  it('that is signed with the public key as a shared secret', async () => {
    const { d: _, ...open } = key;
    const publicKey = (await importJWK(open, 'ES256', { extractable: true })) as CryptoKey;
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(open)]) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })
        .setIssuer(developmentIssuer)
        .setAudience(audience)
        .setSubject('tester')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(secret));
      await allRoutesRefuse(token, 401, 'token_algorithm_not_allowed');
    }
  });

  it('whose claims were changed', async () => {
    const [header, , signature] = (await sign(claims())).split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims(), tenant_id: other.id })).toString('base64url');
    await allRoutesRefuse(`${header}.${changed}.${signature}`, 401, 'token_invalid_signature');
  });

  it('without the scope of a route', async () => {
    await allRoutesRefuse(await sign({ ...claims(), scope: 'billing:audit' }), 403, 'insufficient_scope');
    const reader = tenantAt(api.url, owner.id, await sign({ ...claims(), scope: 'billing:read' }));
    expect((await reader.get('/v1/payments')).status).toBe(200);
    const before = await api.written();
    expectProblem(await reader.post('/v1/customers', { email: 'a@example.com' }), 403, 'insufficient_scope');
    expect(await api.written()).toEqual(before);
  });

  it('of a tenant that names another in Billing-Tenant', async () => {
    expectProblem(await owner.get('/v1/payments', { 'billing-tenant': other.id }), 403, 'tenant_mismatch');
    expectProblem(
      await owner.get('/v1/payments', { 'billing-tenant': `${owner.id}, ${other.id}` }),
      403,
      'tenant_mismatch',
    );
  });

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

describe('a refund', () => {
  const refundAs = async (payload: JWTPayload): Promise<Reply> =>
    tenantAt(api.url, owner.id, await sign({ ...claims(), ...payload })).post(`/v1/payments/${randomUUID()}/refunds`);
  const now = () => Math.floor(Date.now() / 1_000);

  it.each([
    ['without a second factor', () => ({ amr: ['pwd'], auth_time: now() })],
    ['without a time of authentication', () => ({ amr: ['mfa'] })],
    ['with one that is too old', () => ({ amr: ['pwd', 'otp'], auth_time: now() - 301 })],
    ['with one from the future', () => ({ amr: ['mfa'], auth_time: now() + 60 })],
  ])('%s is challenged (RFC 9470)', async (_, payload) => {
    const before = await api.written();
    const reply = await refundAs(payload());
    expectProblem(reply, 401, 'insufficient_user_authentication');
    expect(reply.headers.get('www-authenticate')).toMatch(
      /^Bearer error="insufficient_user_authentication", .*acr_values="[^"]+", max_age="300"$/,
    );
    expect(await api.written()).toEqual(before);
  });

  it('with a fresh one is let through', async () => {
    expectProblem(await refundAs({ amr: ['mfa'], auth_time: now() - 200 }), 404, 'payment_not_found', 'paymentId');
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
    made.payments = await idOf(owner.post('/v1/payments', { ...charge, orderId: 'order-1' }));
    await api.processor.charges(owner.id, made.payments);
    made.refunds = await idOf(owner.post(`/v1/payments/${made.payments}/refunds`, { amount: 100 }));
    made.disputes = await disputed(api, owner, made.payments);
    const admin = tenantAt(api.url, owner.id, await api.tokenFor({ role: 'platform_admin', tenantId: owner.id }));
    made['connected-accounts'] = await idOf(admin.post('/v1/connected-accounts', { processorAccountId: 'acct_1' }));
    await api.caughtUp();
  });

  const pathOf = (template: string): string => template.replace('{id}', made[template.split('/')[2] ?? ''] ?? '');

  it('finds nothing under an id, to read or to write, that its owner finds', async () => {
    const withId = routes.filter(({ template }) => template.includes('{id}'));
    expect(withId).toHaveLength(13);
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
      if (method === 'GET') expect((await owner.get(pathOf(template))).status).toBe(200);
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
