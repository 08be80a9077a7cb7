import { platformTenantId } from '#access/tenancy';

import { callOver } from './testing/call.js';
import type { Call } from './testing/call.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
beforeAll(async () => {
  // No window ends while this runs: each test has a tenant, callers and a network of its own, by the word of a proxy.
  api = await startApi({
    settings: {
      ...{
        RATE_LIMIT_SUBJECT: '8/300',
        RATE_LIMIT_TENANT: '10/300',
        RATE_LIMIT_ROUTE: '0',
        RATE_LIMIT_DENIED: '6/300',
        RATE_LIMIT_AUDIT: '5/300',
      },
      TRUSTED_PROXIES: '127.0.0.1',
    },
  });
});
afterAll(() => api.close());

let networks = 0;
/** A network that nothing came from yet. */
const network = (): Record<string, string> => {
  networks += 1;
  return { 'x-forwarded-for': `203.0.113.${networks}` };
};
const as = async (
  tenant: Pick<TestTenant, 'id'>,
  subject: string,
  more: Parameters<RunningApi['tokenFor']>[0] = {},
): Promise<TestTenant> =>
  tenantAt(
    api.url,
    tenant.id,
    await api.tokenFor({ tenantId: tenant.id, subject: `${subject} of ${tenant.id}`, ...more }),
  );
const nobody = (): Call => callOver(api.url, { authorization: 'Bearer a.b.c' });
const statusesOf = async (times: number, ask: () => Promise<{ status: number }>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let at = 0; at < times; at += 1) statuses.push((await ask()).status);
  return statuses;
};
const refusals = async (policy: string): Promise<number> => {
  const text = await (await fetch(`${api.url}/metrics`)).text();
  return Number(new RegExp(`billing_api_rate_limited_total\\{policy="${policy}".*\\} (\\d+)`).exec(text)?.[1] ?? 0);
};

describe('a caller beyond its limit', () => {
  it('is answered 429 and told when to come back; others of its tenant are heard, until the tenant is beyond its own', async () => {
    const tenant = await api.tenant();
    const [ada, grace] = [await as(tenant, 'ada'), await as(tenant, 'grace')];
    const first = await ada.get('/v1/payments');
    expect(first.headers.get('ratelimit-policy')).toBe('"subject";q=8;w=300, "tenant";q=10;w=300');
    expect(first.headers.get('ratelimit')).toMatch(/^"subject";r=7;t=300$/);
    expect(await statusesOf(7, () => ada.get('/v1/balances'))).toEqual(Array(7).fill(200));
    const refused = await ada.post('/v1/customers', { email: 'a@example.com' });
    expect([refused.status, refused.json.code, refused.json['violated-policies']]).toEqual([
      429,
      'rate_limited',
      ['subject'],
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(200);
    expect(refused.headers.get('ratelimit')).toMatch(/^"subject";r=0;t=\d+$/);
    expect(await statusesOf(2, () => grace.get('/v1/payments'))).toEqual([200, 200]);
    expect((await grace.get('/v1/payments')).json['violated-policies']).toEqual(['tenant']);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect([await refusals('subject'), await refusals('tenant')]).toEqual([1, 1]);
  });

  it('without a right to anything takes nothing from its tenant', async () => {
    const tenant = await api.tenant();
    for (const subject of ['p1', 'p2']) {
      const person = await as(tenant, subject, { role: 'auditor' });
      expect(await statusesOf(8, () => person.post('/v1/customers', {}))).toEqual(Array(8).fill(403));
      expect((await person.post('/v1/customers', {})).status).toBe(429);
    }
    const ada = await as(tenant, 'ada');
    expect(await statusesOf(8, () => ada.get('/v1/payments'))).toEqual(Array(8).fill(200));
  });
});

describe('a network whose requests keep being denied', () => {
  it('is answered 429 before any token or body is looked at; who was known before, and health, are heard all the same', async () => {
    const [tenant, from] = [await api.tenant(), network()];
    const [known, fresh] = [await as(tenant, 'known'), await as(tenant, 'new')];
    expect((await known.get('/v1/payments', from)).status).toBe(200);
    const stranger = nobody();
    const denied = await statusesOf(9, () => stranger('GET', '/v1/payments', { headers: from }));
    expect(denied).toEqual([401, 401, 401, 401, 401, 401, 401, 429, 429]);
    const refused = await fresh.get('/v1/payments', from);
    expect([refused.status, refused.json['violated-policies']]).toEqual([429, ['denied']]);
    expect((await known.get('/v1/payments', from)).status).toBe(200);
    expect((await fresh.get('/v1/payments', network())).status).toBe(200);
    expect((await fetch(`${api.url}/healthz`, { headers: from })).status).toBe(200);
    expect(await refusals('denied')).toBe(3);
  });

  it('is refused whatever its bodies are, and those of nobody count before they are read', async () => {
    const from = { ...network(), authorization: '' };
    const bodies: [body: string, type: string][] = [
      ['{', 'application/json'],
      ['x'.repeat(70_000), 'application/json'],
      ['x', 'text/plain'],
    ];
    const asked = async (): Promise<number[]> => {
      const statuses: number[] = [];
      for (const [body, type] of bodies) {
        const headers = { ...from, 'content-type': type };
        const reply = await fetch(`${api.url}/v1/customers`, { method: 'POST', headers, body });
        statuses.push(reply.status);
      }
      return statuses;
    };
    expect([await asked(), await asked(), await asked()]).toEqual([
      [401, 401, 401],
      [401, 401, 401],
      [401, 429, 429],
    ]);
  });

  it('is none for what callers are refused who have proved who they are: a suspended tenant locks out nobody', async () => {
    const [suspended, tenant, from] = [await api.tenant(), await api.tenant(), network()];
    await api.database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [suspended.id]);
    const ada = await as(suspended, 'ada');
    expect(await statusesOf(8, () => ada.post('/v1/customers', {}, from))).toEqual(Array(8).fill(403));
    expect((await (await as(tenant, 'bob')).get('/v1/payments', from)).status).toBe(200);
    const admin = callOver(api.url, { authorization: `Bearer ${await api.tokenFor({ role: 'platform_admin' })}` });
    const headers = { ...from, 'billing-tenant': platformTenantId };
    expect((await admin('GET', '/v1/balances', { headers })).status).toBe(200);
  });
});

describe('the files of the audit log, which are open to everybody', () => {
  it('are given to one network as often as the limit says, together, and to others all the same', async () => {
    const from = callOver(api.url, network());
    const paths = ['checkpoint', 'vkey', 'keys', 'keys/001', 'tile/0/000'];
    for (const path of paths) expect([200, 404]).toContain((await from('GET', `/v1/audit/${path}`)).status);
    for (const path of paths) {
      const { status, json, headers } = await from('GET', `/v1/audit/${path}`);
      expect([status, json['violated-policies'], Number(headers.get('retry-after')) > 0]).toEqual([
        429,
        ['audit'],
        true,
      ]);
    }
    expect((await callOver(api.url, network())('GET', '/v1/audit/checkpoint')).status).toBe(404);
  });
});
