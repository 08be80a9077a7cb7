import { platformTenantId, TenantStanding } from '#access/tenancy';
import { readCheckoutSettings, readConfiguration } from '#platform/configuration';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';

import { ApiModule } from './api.module.js';
import { openApiParts } from './api.parts.js';
import { fastifyAdapter, prepare } from './http/server.js';
import type { Reply } from './testing/call.js';
import { expectProblem } from './testing/expect-problem.js';
import { createPayer } from './testing/payer.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
/** A platform_admin, bound to no tenant. */
let admin: TestTenant;
/** An api on the same database whose door looks at each tenant once, and then not again for an hour. */
let late: { url: string; close(): Promise<void> };

beforeAll(async () => {
  api = await startApi();
  late = await startWithOldNews();
  admin = tenantAt(api.url, '', await api.tokenFor({ role: 'platform_admin', mfa: true }));
});
afterAll(async () => {
  await late.close();
  await api.close();
});

const startWithOldNews = async () => {
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: api.dataDirectory,
    DATABASE_URL: api.database.url('billing_api'),
    PORT: '0',
    LOG_LEVEL: 'silent',
  };
  const parts = await openApiParts(readConfiguration(environment), readCheckoutSettings(environment));
  const standing = new TenantStanding(parts.pool, { maxAgeMs: 3_600_000 });
  const options = { logger: false, bodyParser: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.with({ ...parts, standing }),
    fastifyAdapter(),
    options,
  );
  prepare(app);
  await app.listen(0, '127.0.0.1');
  const close = async () => {
    await app.close();
    await parts.close();
  };
  return { url: await app.getUrl(), close };
};

const path = '/v1/tenants';
const reason = 'OPS-1234';
const suspend = (id: string, headers = {}) => admin.post(`${path}/${id}/suspend`, { reason }, headers);
const reinstate = (id: string, headers = {}) => admin.post(`${path}/${id}/reinstate`, { reason }, headers);
const email = (): string => `${randomUUID()}@example.com`;

interface LoggedEvent {
  type: string;
  position: number;
}

/** What was decided and done, in order; not who came to the door. */
const log = async (tenantId: string): Promise<LoggedEvent[]> => {
  const { rows } = await api.database.admin.query<LoggedEvent>(
    `select type, position::int from billing.event where tenant_id = $1 and stream_id not like 'access%' order by position`,
    [tenantId],
  );
  return rows;
};

/** Until the tenant's write is turned away no more, or is: doors keep what they know for a second. */
const writes = async (tenant: TestTenant, expected: number): Promise<Reply> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const reply = await tenant.post('/v1/customers', { email: email() });
    if (reply.status === expected) return reply;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the tenant's writes were never answered with ${expected}`);
};

describe('tenants', () => {
  it('are added with an id that the key decides, and again by the same request', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const added = await admin.post(path, { name: 'Acme' }, headers);
    const id = added.json.id as string;
    expect([added.status, added.json]).toMatchObject([201, { name: 'Acme', status: 'active', suspendedAt: null }]);
    expect(added.headers.get('location')).toBe(`${path}/${id}`);
    expect((await admin.get(`${path}/${id}`)).json).toEqual(added.json);
    const replayed = await admin.post(path, { name: 'Acme' }, headers);
    expect([replayed.status, replayed.json, replayed.headers.get('idempotency-replayed')]).toEqual([
      201,
      added.json,
      'true',
    ]);
    expectProblem(await admin.post(path, { name: 'Other' }, headers), 422, 'idempotency_key_reused', 'Idempotency-Key');
    expect((await log(id)).map(({ type }) => type)).toEqual(['TenantAdded']);
    const tenant = tenantAt(api.url, id, await api.tokenFor({ tenantId: id }));
    expect((await tenant.post('/v1/customers', { email: email() })).status).toBe(201);
  });

  it('are added once under an id of their own, by however many at once', async () => {
    const [id, otherwise] = [randomUUID(), { name: 'Of another name' }];
    const body = { id: id.toUpperCase(), name: 'Acme' };
    const replies = await Promise.all(Array.from({ length: 10 }, () => admin.post(path, body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
    expect(new Set(replies.map(({ json }) => json.id))).toEqual(new Set([id]));
    expect((await log(id)).map(({ type }) => type)).toEqual(['TenantAdded']);
    expectProblem(await admin.post(path, { ...otherwise, id }), 409, 'tenant_exists', 'id');
    expectProblem(await admin.post(path, { name: 'Platform', id: platformTenantId }), 409, 'tenant_exists', 'id');
  });

  it('are listed newest first, page by page, without the platform itself', async () => {
    const { json: newest } = await admin.post(path, { name: 'The newest' });
    const ids: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null && ids.length < 100;) {
      const { status, json } = await admin.get(`${path}?limit=2${cursor}`);
      expect(status).toBe(200);
      ids.push(...(json.data as { id: string }[]).map(({ id }) => id));
      cursor = json.nextCursor === null ? null : `&cursor=${json.nextCursor as string}`;
    }
    const { rows } = await api.database.admin.query<{ id: string }>(
      'select id from billing.tenant where id <> $1 order by created_at desc, id desc',
      [platformTenantId],
    );
    expect(ids).toEqual(rows.map(({ id }) => id));
    expect(ids[0]).toBe(newest.id);
    expectProblem(await admin.get(`${path}?cursor=x`), 400, 'invalid_cursor', 'cursor');
    expectProblem(await admin.get(`${path}/${platformTenantId}`), 404, 'tenant_not_found', 'id');
    expectProblem(await suspend(randomUUID()), 404, 'tenant_not_found', 'id');
    expectProblem(await reinstate(platformTenantId), 404, 'tenant_not_found', 'id');
  });

  it.each([
    ['without a name', {}, 'missing_field', 'name'],
    ['with a blank name', { name: '  ' }, 'invalid_field', 'name'],
    ['with an id that is none', { name: 'Acme', id: 'acme' }, 'invalid_field', 'id'],
  ])('are not added %s', async (_, body, code, field) => {
    expectProblem(await admin.post(path, body), 400, code, field);
  });
});

describe('a suspended tenant', () => {
  it('reads but cannot write until it is reinstated', async () => {
    const tenant = await api.tenant();
    const { json: customer } = await tenant.post('/v1/customers', { email: email() });
    const { status, json } = await suspend(tenant.id);
    expect([status, json]).toMatchObject([200, { id: tenant.id, status: 'suspended' }]);
    expect((await admin.get(`${path}/${tenant.id}`)).json).toEqual(json);
    expectProblem(await tenant.post('/v1/customers', { email: email() }), 403, 'tenant_suspended');
    expect((await tenant.get(`/v1/customers/${String(customer.id)}`)).status).toBe(200);
    expect((await tenant.get('/v1/events')).text).toContain('TenantSuspended');
    expect((await reinstate(tenant.id)).json).toMatchObject({ status: 'active', suspendedAt: null });
    await writes(tenant, 201);
  });

  it('stays as it is when it is suspended twice, or reinstated while active, and a repeat is answered as at first', async () => {
    const { id } = await api.tenant();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await suspend(id, headers);
    const again = await suspend(id);
    expect([again.status, again.json]).toEqual([200, first.json]);
    expect((await reinstate(id)).json).toMatchObject({ status: 'active' });
    const active = await reinstate(id);
    expect([active.status, active.json]).toMatchObject([200, { status: 'active' }]);
    const replayed = await suspend(id, headers);
    expect([replayed.json, replayed.headers.get('idempotency-replayed')]).toEqual([first.json, 'true']);
    expect((await admin.get(`${path}/${id}`)).json).toMatchObject({ status: 'active' });
    expect((await log(id)).map(({ type }) => type)).toEqual(['TenantSuspended', 'TenantReinstated']);
  });

  it('is suspended once by several who do it at the same time', async () => {
    const { id } = await api.tenant();
    const there = tenantAt(late.url, '', admin.token);
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, at) => (at % 2 ? admin : there).post(`${path}/${id}/suspend`, { reason })),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await log(id)).map(({ type }) => type)).toEqual(['TenantSuspended']);
  });

  it.each(['', 'jane@example.com', 'x'.repeat(101)])('is none for the reason %j', async (given) => {
    const { id } = await api.tenant();
    expectProblem(await admin.post(`${path}/${id}/suspend`, { reason: given }), 400, 'invalid_reason', 'reason');
  });

  it('still has recorded what the processor did with what was asked for before', async () => {
    const tenant = await api.tenant();
    const payer = await createPayer(api, tenant);
    const { json: payment } = await tenant.post('/v1/payments', { amount: 100, currency: 'usd', ...payer });
    await suspend(tenant.id);
    await api.processor.charges(tenant.id, String(payment.id));
    expect((await tenant.get(`/v1/payments/${String(payment.id)}`)).json).toMatchObject({ status: 'succeeded' });
  });

  it('is turned away by the log itself where a process knows nothing of it yet', async () => {
    const tenant = await api.tenant();
    const there = tenantAt(late.url, tenant.id, tenant.token);
    expect((await there.post('/v1/customers', { email: email() })).status).toBe(201);
    await suspend(tenant.id);
    const before = await log(tenant.id);
    for (let at = 0; at < 3; at += 1)
      expectProblem(await there.post('/v1/customers', { email: email() }), 403, 'tenant_suspended');
    expect(await log(tenant.id)).toEqual(before);
    await reinstate(tenant.id);
    expect((await there.post('/v1/customers', { email: email() })).status).toBe(201);
  });

  it('has nothing of an edge behind its suspension in the log, however many write while it comes', async () => {
    const tenant = await api.tenant();
    const ways = [tenant, tenantAt(late.url, tenant.id, tenant.token)];
    let suspended = false;
    const storm = ways.flatMap((way) =>
      Array.from({ length: 12 }, async () => {
        const seen: number[] = [];
        for (let at = 0; at < 40 && !(suspended && seen.at(-1) === 403); at += 1)
          seen.push((await way.post('/v1/customers', { email: email() })).status);
        return seen;
      }),
    );
    await expectSoon(async () => (await log(tenant.id)).length > 20);
    expect((await suspend(tenant.id)).status).toBe(200);
    suspended = true;
    const statuses = (await Promise.all(storm)).flat();
    const events = await log(tenant.id);
    expect(new Set(statuses)).toEqual(new Set([201, 403]));
    expect(events.filter(({ type }) => type === 'CustomerCreated')).toHaveLength(
      statuses.filter((status) => status === 201).length,
    );
    expect(events.findIndex(({ type }) => type === 'TenantSuspended')).toBe(events.length - 1);
  });

  const expectSoon = async (holds: () => Promise<boolean>): Promise<void> => {
    for (let look = 0; look < 200; look += 1) {
      if (await holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('it never came');
  };
});

describe('who runs the deployment', () => {
  it('is nobody whose token is bound to a tenant, and suspends with a fresh second factor alone', async () => {
    const tenant = await api.tenant();
    const bound = tenantAt(
      api.url,
      tenant.id,
      await api.tokenFor({ tenantId: tenant.id, role: 'platform_admin', mfa: true }),
    );
    for (const who of [tenant, bound]) {
      expect((await who.post(path, { name: 'Mine' })).status).toBe(403);
      expect((await who.get(path)).status).toBe(403);
      expect((await who.post(`${path}/${tenant.id}/suspend`, { reason })).status).toBe(403);
    }
    const plain = tenantAt(api.url, '', await api.tokenFor({ role: 'platform_admin' }));
    expectProblem(
      await plain.post(`${path}/${tenant.id}/suspend`, { reason }),
      401,
      'insufficient_user_authentication',
    );
    const auditor = tenantAt(api.url, '', await api.tokenFor({ role: 'auditor' }));
    expect((await auditor.get(`${path}/${tenant.id}`)).status).toBe(200);
    expectProblem(await auditor.post(path, { name: 'Mine' }), 403, 'insufficient_scope');
    expect(await log(tenant.id)).toEqual([]);
  });
});
