import type { Denial, Grant, Peer, Principal } from '#access';
import { AccessDenied, IssuerUnavailable, scopesOf } from '#access';
import { tenantSuspended } from '#access/tenancy';
import { tooMany } from '#platform/http';
import type { ExecutionContext } from '@nestjs/common';

import { rememberCaller } from '../../../libs/platform/tls/peer.js';
import type { Doorkeepers } from './access.guard.js';
import { AccessGuard } from './access.guard.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const otherId = '22222222-2222-4222-8222-222222222222';
const now = () => Math.floor(Date.now() / 1_000);
const person = (given: Partial<Principal> = {}): Principal => ({
  ...{ subject: 'ada', kind: 'person', tenantId, roles: ['tenant_admin'], scopes: scopesOf(['tenant_admin']) },
  ...{ acr: 'phr', amr: [], authTime: now() },
  ...given,
});
const admin = (given: Partial<Principal> = {}): Principal =>
  person({ tenantId: undefined, roles: ['platform_admin'], scopes: scopesOf(['platform_admin']), ...given });

/** A visit to a route, and whom the guard asked on the way, in order; `failing` says no, or cannot be asked. */
const visit = async (
  route: string,
  {
    caller = person(),
    failing = {},
    headers = {},
    peer,
  }: { caller?: Principal; failing?: Record<string, Error>; headers?: Record<string, string>; peer?: Peer } = {},
) => {
  const steps: string[] = [];
  const told: (Denial | Grant)[] = [];
  const counted: string[] = [];
  const step = (name: string) => {
    steps.push(name);
    if (failing[name]) throw failing[name];
  };
  const ask: Doorkeepers = {
    verifier: {
      verify: async () => {
        await Promise.resolve();
        step('token');
        return caller;
      },
      knows: (token) => token === 'known',
    },
    limits: {
      assertNotFlooding: (whence, isProved) => {
        if (!isProved()) step('network');
        counted.push(whence);
      },
      admit: async (_, tenant, __, reply) => {
        await Promise.resolve();
        step('limits');
        return { tenantId: tenant, reply, tightest: undefined };
      },
      admitTenant: async () => {
        await Promise.resolve();
        step('tenant');
      },
      denied: (whence) => {
        step('counted');
        counted.push(whence);
      },
    },
    standing: {
      assertMayWrite: async () => {
        await Promise.resolve();
        step('standing');
      },
    },
    audit: {
      denied: (denial) => {
        step('told');
        told.push(denial);
      },
      granted: async (grant) => {
        await Promise.resolve();
        step('recorded');
        told.push(grant);
      },
    },
  };
  const [method, url] = route.split(' ');
  const request = {
    ...{ method, id: 'req_1', params: route.includes(':id') ? { id: 'x1' } : {}, routeOptions: { url } },
    headers: { authorization: 'Bearer token', 'idempotency-key': 'k', ...headers },
    raw: { socket: { remoteAddress: '203.0.113.77' } },
  };
  if (peer) rememberCaller(request.raw as never, { peer, address: '203.0.113.77' });
  const context = { switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }) };
  const guard = new AccessGuard(ask);
  const error = await guard
    .identify(request as never)
    .then(() => guard.canActivate(context as unknown as ExecutionContext))
    .then(() => undefined)
    .catch((thrown: unknown) => thrown);
  return { steps, told, counted, error };
};

const all = ['network', 'token', 'limits', 'tenant', 'standing', 'recorded'];

describe('the guard of the api', () => {
  it('asks in this order: the network, the token, the limits, the standing of the tenant, and records a privilege', async () => {
    expect((await visit('GET /v1/payments')).steps).toEqual(['network', 'token', 'limits', 'tenant']);
    expect((await visit('POST /v1/payments')).steps).toEqual([...all.slice(0, -1)]);
    const refund = await visit('POST /v1/payments/:id/refunds', { headers: { 'billing-reason': 'OPS-7' } });
    expect(refund).toMatchObject({ steps: all, error: undefined });
    expect(refund.told).toEqual([
      {
        ...{
          tenantId,
          channel: 'http',
          action: 'refunds.create',
          grant: 'billing:refund',
          resource: 'x1',
          reason: 'OPS-7',
        },
        caller: { kind: 'person', subject: 'ada', roles: ['tenant_admin'] },
        origin: { network: '203.0.113.0/24', requestId: 'req_1' },
      },
    ]);
  });

  it('asks nobody anything where the table says public, and is closed where it says nothing', async () => {
    expect(await visit('GET /healthz')).toMatchObject({ steps: [], error: undefined });
    expect(await visit('GET /v1/unheard-of')).toMatchObject({
      steps: [],
      error: { status: 403, code: 'route_closed' },
    });
  });

  it('records whatever a person does for a tenant that their token is not bound to, but not what a service does', async () => {
    const headers = { 'billing-tenant': otherId };
    const read = await visit('GET /v1/payments', { caller: admin(), headers });
    expect(read.steps).toEqual(['network', 'token', 'limits', 'tenant', 'recorded']);
    expect(read.told).toMatchObject([{ tenantId: otherId, action: 'payments.list', grant: 'billing:read' }]);
    const service = person({ kind: 'service', tenantId: undefined, tenants: 'all', roles: [], authTime: undefined });
    expect((await visit('GET /v1/payments', { caller: service, headers })).steps).not.toContain('recorded');
    const platform = await visit('POST /v1/tenants/:id/suspend', { caller: admin() });
    expect(platform.steps).toEqual(['network', 'token', 'limits', 'tenant', 'recorded']);
    expect(platform.told).toMatchObject([{ tenantId: undefined, action: 'tenants.suspend', resource: 'x1' }]);
  });

  it('lets nobody use a privilege that cannot be recorded', async () => {
    const error = new Error('the store is away');
    const refused = await visit('POST /v1/payments/:id/refunds', { failing: { recorded: error } });
    expect(refused).toMatchObject({ error, told: [] });
    expect(refused.steps).not.toContain('told');
  });

  it('tells of each denial what is known by then, and counts against the network those of whom nothing is proved', async () => {
    const nobody = new AccessDenied(401, 'token_expired', 'the token has expired');
    const headers = { 'billing-tenant': otherId };
    const unproved = await visit('GET /v1/payments', { failing: { token: nobody }, headers });
    expect(unproved).toMatchObject({ steps: ['network', 'token', 'counted', 'told'], error: nobody });
    const origin = { network: '203.0.113.0/24', requestId: 'req_1' };
    expect(unproved.told).toEqual([
      ...[
        {
          tenantId: undefined,
          channel: 'http',
          action: 'payments.list',
          code: 'token_expired',
          origin,
          namedTenantId: otherId,
        },
      ],
    ]);
    const mismatch = await visit('GET /v1/payments', { headers });
    expect(mismatch.told).toMatchObject([
      { tenantId, code: 'tenant_mismatch', namedTenantId: otherId, caller: { kind: 'person', subject: 'ada' } },
    ]);
    const suspended = await visit('POST /v1/payments', { failing: { standing: tenantSuspended() } });
    expect(suspended.steps).toEqual(['network', 'token', 'limits', 'tenant', 'standing', 'told']);
    const unallowed = await visit('GET /v1/payments', { caller: person({ roles: [], scopes: new Set() }) });
    expect(unallowed).toMatchObject({
      steps: ['network', 'token', 'limits', 'told'],
      told: [{ code: 'insufficient_scope' }],
    });
    const stale = await visit('POST /v1/payments/:id/refunds', { caller: person({ authTime: now() - 302 }) });
    expect(stale.told).toMatchObject([{ tenantId, code: 'insufficient_user_authentication' }]);
    expect(stale.steps).not.toContain('recorded');
  });

  it('tells of what was too much without counting it again, and looks at no token of a network that floods', async () => {
    const failing = { network: tooMany('denied', 'too many', 1) };
    expect(await visit('GET /v1/payments', { failing })).toMatchObject({ steps: ['network', 'told'] });
    const limits = await visit('GET /v1/payments', { failing: { limits: tooMany('subject', 'too many', 1) } });
    expect(limits).toMatchObject({ steps: ['network', 'token', 'limits', 'told'], error: { status: 429 } });
    expect(limits.told).toMatchObject([{ tenantId, code: 'rate_limited', caller: { subject: 'ada' } }]);
  });

  it('listens to a token that it knows however the network floods, and counts a service by its certificate', async () => {
    const failing = { network: tooMany('denied', 'too many', 1) };
    const known = await visit('GET /v1/payments', { failing, headers: { authorization: 'Bearer known' } });
    expect(known).toMatchObject({ steps: ['token', 'limits', 'tenant'], counted: ['203.0.113.77'] });
    for (const authorization of ['known', 'Basic known', ''])
      expect(await visit('GET /v1/payments', { failing, headers: { authorization } })).toMatchObject({
        ...{ steps: ['network', 'told'], error: { status: 429 } },
      });
    const peer = { spiffeId: 'spiffe://billing/shop', thumbprint: 'A'.repeat(43) };
    const token = new AccessDenied(401, 'token_expired', 'the token has expired');
    const service = await visit('GET /v1/payments', { failing: { token }, peer });
    expect(service.counted).toEqual([peer.spiffeId, peer.spiffeId]);
  });

  it('records no privilege of a request that is refused for its key', async () => {
    for (const key of ['', 'a b', 'k'.repeat(256)]) {
      const refund = await visit('POST /v1/payments/:id/refunds', { headers: { 'idempotency-key': key } });
      expect(refund).toMatchObject({ error: { status: 400, extensions: { field: 'Idempotency-Key' } }, told: [] });
    }
  });

  it('lets nobody in of whom it did not find out who they are', async () => {
    const http = {
      getRequest: () => ({ method: 'GET', routeOptions: { url: '/v1/payments' } }),
      getResponse: () => ({}),
    };
    const context = { switchToHttp: () => http } as unknown as ExecutionContext;
    await expect(new AccessGuard({} as Doorkeepers).canActivate(context)).rejects.toThrow(
      'nobody has found out who asks',
    );
  });

  it('tells nobody of a fault of ours, or of a reason in a wrong form, which is refused before anything is recorded', async () => {
    const away = new IssuerUnavailable();
    expect(await visit('GET /v1/payments', { failing: { token: away } })).toMatchObject({ error: away, told: [] });
    const headers = { 'billing-reason': 'because ada@example.com asked' };
    const refund = await visit('POST /v1/payments/:id/refunds', { headers });
    expect(refund).toMatchObject({ error: { status: 400, code: 'invalid_reason' }, told: [] });
  });
});
