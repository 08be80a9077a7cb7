import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { platformTenantId } from '#access/tenancy';
import type { AccessDenied, AccessEvent, PrivilegedAccessGranted } from '#domain/access';

import { expectProblem } from './testing/expect-problem.js';
import { charged, createPayer } from './testing/payer.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await api.tenant();
});
afterAll(() => api.close());

const anyText = expect.any(String) as string;
const anyNumber = expect.any(Number) as number;

type Recorded<E extends AccessEvent> = E & { position: number };

const eventsOf = async <E extends AccessEvent>(tenantId: string, type: E['type']): Promise<Recorded<E>[]> => {
  const { rows } = await api.database.admin.query<{ data: string; position: string }>(
    'select data, position from billing.event where tenant_id = $1 and type = $2 order by position',
    [tenantId, type],
  );
  return rows.map(
    ({ data, position }) =>
      ({ type, position: Number(position), ...(JSON.parse(data) as object) }) as unknown as Recorded<E>,
  );
};

/** The denials of a tenant with a code, once there are some. */
const denied = async (tenantId: string, code: string): Promise<AccessDenied[]> => {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(50)) {
    const found = (await eventsOf<AccessDenied>(tenantId, 'AccessDenied')).filter((event) => event.code === code);
    if (found.length > 0) return found;
  }
  throw new Error(`no denial ${code} was recorded`);
};
const granted = (tenantId: string) => eventsOf<PrivilegedAccessGranted>(tenantId, 'PrivilegedAccessGranted');

const callAs = async (token: Parameters<RunningApi['tokenFor']>[0]): Promise<TestTenant> =>
  tenantAt(api.url, token?.tenantId ?? tenant.id, await api.tokenFor(token));

describe('a denial', () => {
  it('of somebody unknown is in the platform’s log, with the network it came from', async () => {
    const reply = await tenant.get('/v1/payments', { authorization: '' });
    expectProblem(reply, 401, 'token_missing');
    expect(await denied(platformTenantId, 'token_missing')).toEqual([
      {
        ...{ type: 'AccessDenied', channel: 'http', action: 'payments.list', code: 'token_missing', count: 1 },
        origin: { network: '127.0.0.0/24', requestId: reply.json.requestId },
        ...{ at: anyText, firstAt: anyText, position: anyNumber },
      },
    ]);
  });

  it('of a caller is in the log of its tenant, with who it is and what it asked for', async () => {
    const auditor = await callAs({ tenantId: tenant.id, role: 'auditor', subject: 'auth0|auditor' });
    expectProblem(await auditor.post('/v1/customers', { email: 'ada@example.com' }), 403, 'insufficient_scope');
    const [event] = await denied(tenant.id, 'insufficient_scope');
    expect(event).toMatchObject({
      action: 'customers.create',
      caller: { kind: 'person', subject: 'auth0|auditor', roles: ['auditor'] },
    });
    expect(JSON.stringify(event)).not.toContain('ada@');
  });

  it('of a caller that names another tenant is in its own log, and not in the other’s', async () => {
    const other = await api.tenant();
    expectProblem(await tenant.get('/v1/payments', { 'billing-tenant': other.id }), 403, 'tenant_mismatch');
    expect(await denied(tenant.id, 'tenant_mismatch')).toMatchObject([{ namedTenantId: other.id }]);
    expect(await eventsOf(other.id, 'AccessDenied')).toEqual([]);
  });

  it('of a refund without a second factor, and of a suspended tenant, is recorded too', async () => {
    const weak = await callAs({ tenantId: tenant.id });
    await weak.post(`/v1/payments/${randomUUID()}/refunds`, {});
    const [event] = await denied(tenant.id, 'insufficient_user_authentication');
    expect(event?.action).toBe('refunds.create');

    const suspended = await api.tenant();
    await api.database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [suspended.id]);
    expectProblem(await suspended.post('/v1/customers', { email: 'ada@example.com' }), 403, 'tenant_suspended');
    expect(await denied(suspended.id, 'tenant_suspended')).toHaveLength(1);
  });

  it('that comes as late as the append is recorded once, too', async () => {
    const one = await api.tenant();
    expect((await one.post('/v1/customers', { email: 'ada@example.com' })).status).toBeLessThan(300);
    await api.database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [one.id]);
    expectProblem(await one.post('/v1/customers', { email: 'grace@example.com' }), 403, 'tenant_suspended');
    expect(await denied(one.id, 'tenant_suspended')).toMatchObject([{ action: 'customers.create', count: 1 }]);
  });

  it('says nothing of the token, the body or a header, whatever they hold', async () => {
    const secret = `hunter2-${randomUUID()}`;
    await tenant.call('POST', `/v1/customers?q=${secret}`, {
      body: { email: secret },
      headers: {
        authorization: `Bearer ${secret}`,
        'billing-tenant': secret,
        'idempotency-key': secret,
        'x-forwarded-for': secret,
      },
    });
    await denied(platformTenantId, 'token_malformed');
    const { rows } = await api.database.admin.query('select from billing.event where data like $1', [`%${secret}%`]);
    expect(rows).toHaveLength(0);
  });
});

describe('a flood of denials', () => {
  it('by one token that names hundreds of tenants is told apart within its own share, and hides nobody else’s', async () => {
    const auditor = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'auditor', subject: 'flooding' }));
    const share = /^billing_access_denied_untold_total\{why="share"[^}]*\} (\d+)$/m;
    const flood = Array.from({ length: 20 }, async () => {
      for (let at = 0; at < 10; at += 1) await auditor.post('/v1/customers', {}, { 'billing-tenant': randomUUID() });
    });
    await Promise.all(flood);
    expect(share.exec((await tenant.get('/metrics')).text)?.[1]).toBe('150');
    const quiet = await api.tenant();
    const insider = await callAs({ tenantId: quiet.id, role: 'auditor', subject: 'insider' });
    expectProblem(await insider.post('/v1/customers', {}), 403, 'insufficient_scope');
    expect(await denied(quiet.id, 'insufficient_scope')).toMatchObject([{ caller: { subject: 'insider' } }]);
  });
});

describe('a privilege', () => {
  it('is recorded before it is used, with what it is used on and why', async () => {
    const payer = await createPayer(api, tenant);
    const paymentId = await charged(api, tenant, payer);
    const reply = await tenant.post(`/v1/payments/${paymentId}/refunds`, {}, { 'billing-reason': 'TICKET-1042' });
    expect(reply.status).toBeLessThan(300);
    const [event] = await granted(tenant.id);
    expect(event).toMatchObject({
      ...{ channel: 'http', action: 'refunds.create', grant: 'billing:refund', resource: paymentId },
      ...{ reason: 'TICKET-1042', caller: { kind: 'person', subject: 'dev-tenant_admin' } },
      origin: { network: '127.0.0.0/24', requestId: anyText },
    });
    const { rows } = await api.database.admin.query<{ position: string }>(
      `select position from billing.event where tenant_id = $1 and type = 'RefundRequested'`,
      [tenant.id],
    );
    expect(Number(rows[0]?.position)).toBeGreaterThan(event?.position ?? Infinity);
  });

  it('is used for a reason in the form of one, or not at all', async () => {
    const reply = await tenant.post(
      `/v1/payments/${randomUUID()}/refunds`,
      {},
      { 'billing-reason': 'Ada asked me, nicely!' },
    );
    expectProblem(reply, 400, 'invalid_reason', 'Billing-Reason');
  });

  it('of suspending and reinstating is recorded for the reason of the body, unless a header gives another', async () => {
    const { id } = await api.tenant();
    const admin = await callAs({ role: 'platform_admin', subject: 'operator-8', mfa: true });
    const suspend = (headers: Record<string, string>) =>
      admin.post(`/v1/tenants/${id}/suspend`, { reason: 'OPS-1:chargebacks' }, headers);
    expect([(await suspend({})).status, (await suspend({ 'billing-reason': 'OPS-2' })).status]).toEqual([200, 200]);
    expect((await admin.post(`/v1/tenants/${id}/reinstate`, { reason: 'an@email' })).status).toBe(400);
    const events = (await granted(platformTenantId)).filter(({ resource }) => resource === id);
    expect(events.map(({ action, reason }) => [action, reason])).toEqual([
      ['tenants.suspend', 'OPS-1:chargebacks'],
      ['tenants.suspend', 'OPS-2'],
      ['tenants.reinstate', undefined],
    ]);
  });

  it('of adding a tenant is recorded with the id that it brings, or will get', async () => {
    const admin = await callAs({ role: 'platform_admin', subject: 'operator-9' });
    const given = randomUUID();
    const added = await admin.post('/v1/tenants', { name: 'Acme' });
    expect((await admin.post('/v1/tenants', { name: 'Acme', id: given.toUpperCase() })).status).toBe(201);
    expect((await admin.post('/v1/tenants', { name: 'Acme', id: 'none' })).status).toBe(400);
    const events = (await granted(platformTenantId)).filter(({ caller }) => caller.subject === 'operator-9');
    expect(events.map(({ resource }) => resource)).toEqual([added.json.id, given, undefined]);
  });

  it('is that of a platform_admin who acts for a tenant: even a look is in that tenant’s log', async () => {
    const other = await api.tenant();
    const admin = await callAs({ role: 'platform_admin', subject: 'operator-7' });
    expect((await admin.get('/v1/payments', { 'billing-tenant': other.id })).status).toBe(200);
    expect(await granted(other.id)).toMatchObject([{ action: 'payments.list', caller: { subject: 'operator-7' } }]);
  });

  it('is to look at the tenants of the platform: which there are, and at one that is not there', async () => {
    const readers = [
      await callAs({ role: 'platform_admin', subject: 'reader-1' }),
      await callAs({ role: 'auditor', subject: 'reader-2' }),
    ];
    const [real, ghost] = [(await api.tenant()).id, randomUUID()];
    for (const reader of readers) {
      const paths = ['/v1/tenants', `/v1/tenants/${real}`, `/v1/tenants/${ghost}`];
      const replies = await Promise.all(paths.map((path) => reader.get(path)));
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 404]);
    }
    for (const reader of ['reader-1', 'reader-2']) {
      const looks = (await granted(platformTenantId)).filter(({ caller }) => caller.subject === reader);
      expect(new Set(looks.map(({ action, resource }) => [action, resource].join(' ')))).toEqual(
        new Set(['tenants.list ', `tenants.get ${real}`, `tenants.get ${ghost}`]),
      );
    }
  });

  it('for a tenant that is not there is in the platform’s log, with the id that was named', async () => {
    const auditor = await callAs({ role: 'auditor', subject: 'prober' });
    const admin = await callAs({ role: 'platform_admin', subject: 'prober', mfa: true });
    const ghosts = [randomUUID(), randomUUID(), randomUUID()] as const;
    const replies = [
      await auditor.get('/v1/events', { 'billing-tenant': ghosts[0] }),
      await admin.get(`/v1/payments/${randomUUID()}`, { 'billing-tenant': ghosts[1] }),
      await admin.post('/v1/connected-accounts', { account: 'acct_1' }, { 'billing-tenant': ghosts[2] }),
    ];
    for (const reply of replies) expectProblem(reply, 404, 'tenant_unknown');
    const probes = (await granted(platformTenantId)).filter(({ caller }) => caller.subject === 'prober');
    expect(probes.map(({ action, resource }) => [action, resource])).toEqual([
      ['events.list', ghosts[0]],
      ['payments.get', ghosts[1]],
      ['connected-accounts.link', ghosts[2]],
    ]);
  });

  it('of looking is recorded once a minute, so that who reads a log comes to its end', async () => {
    const [other, auditor] = [await api.tenant(), await callAs({ role: 'auditor' })];
    await other.post('/v1/customers', { email: 'ada@example.com' });
    const pages: string[] = [];
    for (let after = '0:0'; pages.at(-1) !== '' && pages.length < 30;) {
      const query = pages.length === 0 ? '' : `?after=${after}`;
      const page = await auditor.get(`/v1/events${query}`, { 'billing-tenant': other.id });
      pages.push(page.text);
      after = page.headers.get('billing-position') ?? '';
    }
    expect([pages.at(-1), pages.length]).toEqual(['', 2]);
    const looks = Array.from({ length: 50 }, () =>
      auditor.get('/v1/events', { 'billing-tenant': other.id, 'billing-reason': 'OPS-9' }),
    );
    expect(new Set((await Promise.all(looks)).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await granted(other.id)).map(({ action, reason }) => [action, reason])).toEqual([
      ...[
        ['events.list', undefined],
        ['events.list', 'OPS-9'],
      ],
    ]);
  });

  it('is not recorded for a request without a key, which is refused before it can do anything', async () => {
    const before = (await granted(tenant.id)).length;
    const reply = await tenant.post(`/v1/payments/${randomUUID()}/refunds`, {}, { 'idempotency-key': '' });
    expectProblem(reply, 400, 'idempotency_key_missing', 'Idempotency-Key');
    expect(await granted(tenant.id)).toHaveLength(before);
  });

  it('is not used where it cannot be recorded', async () => {
    const { admin } = api.database;
    const before = await api.written();
    await admin.query(
      `delete from billing.appendable where role_name = 'billing_api' and event_type = 'PrivilegedAccessGranted'`,
    );
    try {
      const reply = await tenant.post(`/v1/payments/${randomUUID()}/refunds`, {});
      expectProblem(reply, 503, 'access_log_unavailable');
      expect(await api.written()).toEqual(before);
    } finally {
      await admin.query(
        `insert into billing.appendable (role_name, event_type, while_suspended, aggregate) values ('billing_api', 'PrivilegedAccessGranted', true, 'access')`,
      );
    }
  });
});

describe('the access log', () => {
  const types = 'AccessDenied,PrivilegedAccessGranted';
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; tenantId: string; streamId: string });

  it('is read by its tenant through its events, and by nobody else’s tenant', async () => {
    await tenant.get('/v1/payments', { 'billing-tenant': randomUUID() });
    await denied(tenant.id, 'tenant_mismatch');
    const lines = linesOf((await tenant.get(`/v1/events?types=${types}`)).text);
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map(({ tenantId }) => tenantId))).toEqual(new Set([tenant.id]));
    expect(lines.every(({ streamId }) => streamId.startsWith('access-'))).toBe(true);
    const other = await api.tenant();
    expect(linesOf((await other.get(`/v1/events?types=Access*`)).text)).toEqual([]);
  });

  it('of the platform is read by a platform_admin or an auditor who names it, and by no tenant', async () => {
    await tenant.get('/v1/payments', { authorization: 'Bearer a.b.c' });
    await denied(platformTenantId, 'token_malformed');
    for (const role of ['platform_admin', 'auditor'] as const) {
      const reader = await callAs({ role });
      const reply = await reader.get(`/v1/events?types=${types}`, { 'billing-tenant': platformTenantId });
      expect([reply.status, new Set(linesOf(reply.text).map(({ tenantId }) => tenantId))]).toEqual([
        200,
        new Set([platformTenantId]),
      ]);
    }
    expectProblem(await tenant.get('/v1/events', { 'billing-tenant': platformTenantId }), 403, 'tenant_mismatch');
  });
});
