import { AccessDenied } from './access-denied.js';
import { assertPlatformCaller, authorize, needsPerson, tenantOf } from './authorize.js';
import { bearerToken } from './compact-token.js';
import { actionOfCommand, actionOfRoute, allActions, assertCommandsHaveActions } from './find-action.js';
import type { NamedAction } from './find-action.js';
import type { Principal } from './principal.js';
import { scopesByRole, scopesOf, stepUpScopes } from './roles.js';
import type { Role, Scope } from './roles.js';
import { requireStepUp } from './step-up.js';

const tenant = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';
const now = new Date('2026-11-21T12:00:00Z');
const nowSeconds = now.getTime() / 1_000;

const principal = (role: Role, given: Partial<Principal> = {}): Principal => ({
  subject: 'person-1',
  kind: 'person',
  tenantId: tenant,
  roles: [role],
  scopes: scopesOf([role]),
  amr: [],
  ...given,
});
const stepped = { acr: 'phr', authTime: nowSeconds - 10 };

const denialOf = (act: () => unknown): AccessDenied | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof AccessDenied) return error;
    throw error;
  }
  return undefined;
};

/** What each role may do, written down a second time: a change to the table is a change here. */
const readers = ['list', 'get'];
/** What an auditor reads, too. */
const audited = ['events.list', 'payments.history', 'audit.proof', 'audit.openings'];
const everybodysActions = allActions.filter(({ scopes }) => scopes !== 'public');
const mayDo = (role: Role, { name }: NamedAction): boolean => {
  const [thing = '', act = ''] = name.split('.');
  if (thing === 'tenants') return role === 'platform_admin' || (role === 'auditor' && readers.includes(act));
  if (name === 'connected-accounts.link') return role === 'platform_admin';
  if (audited.includes(name)) return true;
  if (readers.includes(act)) return role !== 'auditor';
  return role === 'tenant_admin';
};
const steppedUp = ['refunds.create', 'connected-accounts.link', 'tenants.suspend', 'tenants.reinstate'];

describe('the table', () => {
  const matrix = (Object.keys(scopesByRole) as Role[]).flatMap((role) =>
    everybodysActions.map((action) => [role, action.name, action] as const),
  );

  it.each(matrix)('%s, %s: allowed or not, with step-up only where it is due', (role, name, action) => {
    const plain = denialOf(() => authorize(principal(role), action, now));
    const withStepUp = denialOf(() => authorize(principal(role, stepped), action, now));
    if (!mayDo(role, action)) {
      expect([plain?.code, withStepUp?.code]).toEqual(['insufficient_scope', 'insufficient_scope']);
      expect(plain).toMatchObject({ status: 403 });
      expect(plain?.wwwAuthenticate).toContain(`error="insufficient_scope"`);
      expect(plain?.wwwAuthenticate).toContain(`scope="${[action.scopes].flat().join(' ')}"`);
      return;
    }
    expect(withStepUp).toBeUndefined();
    expect(plain?.code).toBe(steppedUp.includes(name) ? 'insufficient_user_authentication' : undefined);
  });

  it('asks for a second factor on every row whose scope takes one, and each name and route and command is there once', () => {
    for (const { name, scopes, stepUpSeconds } of everybodysActions)
      if ([scopes].flat().some((scope) => stepUpScopes.has(scope as Scope)))
        expect([name, stepUpSeconds]).toEqual([name, expect.any(Number)]);
    for (const which of ['name', 'route', 'command'] as const) {
      const words = allActions.map((action) => action[which]).filter((word) => word !== undefined);
      expect(new Set(words).size).toBe(words.length);
    }
  });

  it('knows a route by its method and pattern, HEAD as GET, and a command by its type', () => {
    expect(actionOfRoute('GET', '/v1/payments/:id')?.name).toBe('payments.get');
    expect(actionOfRoute('HEAD', '/v1/payments/:id')?.name).toBe('payments.get');
    expect(actionOfRoute('DELETE', '/v1/payments/:id')).toBeUndefined();
    expect(actionOfRoute('GET', undefined)).toBeUndefined();
    expect(actionOfCommand('RefundPayment')?.name).toBe('refunds.create');
    for (const word of ['', 'toString', 'undefined']) expect(actionOfCommand(word)).toBeUndefined();
  });

  it('stops the boot over a command that it does not have, and over one that nobody has', () => {
    const types = allActions.flatMap(({ command }) => command ?? []);
    expect(() => assertCommandsHaveActions(types)).not.toThrow();
    expect(() => assertCommandsHaveActions([...types, 'PayInvoice'])).toThrow(/^PayInvoice: a command without a row/);
    expect(() => assertCommandsHaveActions(types.slice(1))).toThrow(/^customers.create: a row .* names no command/);
  });
});

describe('an action', () => {
  const refund = { scopes: ['billing:refund'] } as const;

  it('may be done by any one of its scopes, and says by which', () => {
    const either = { scopes: ['billing:read', 'billing:audit'] } as const;
    expect(authorize(principal('auditor'), either, now)).toBe('billing:audit');
    expect(authorize(principal('tenant_admin'), either, now)).toBe('billing:read');
    expect(authorize(principal('auditor'), { scopes: 'public' }, now)).toBeUndefined();
  });

  it('takes the step-up of its scope even where the row forgot it', () => {
    const admin = principal('tenant_admin');
    expect(denialOf(() => authorize(admin, refund, now))).toMatchObject({ status: 401 });
    expect(denialOf(() => authorize(admin, { scopes: ['billing:write'] }, now))).toBeUndefined();
    expect(needsPerson(refund)).toBe(true);
    expect(needsPerson({ scopes: ['billing:write'] })).toBe(false);
    expect(needsPerson({ scopes: ['billing:write'], stepUpSeconds: 300 })).toBe(true);
    expect(needsPerson({ scopes: 'public' })).toBe(false);
  });

  it('takes a factor that is as fresh as its row says', () => {
    const write = { scopes: ['billing:write'], stepUpSeconds: 60 } as const;
    const at = (age: number) => principal('tenant_admin', { acr: 'phr', authTime: nowSeconds - age });
    expect(denialOf(() => authorize(at(60), write, now))).toBeUndefined();
    expect(denialOf(() => authorize(at(61), write, now))?.wwwAuthenticate).toContain('max_age="60"');
  });

  it("is never a service's own where it takes a second factor, whatever its token says", () => {
    const service = principal('tenant_admin', { ...stepped, kind: 'service' });
    const link = { scopes: ['billing:read'], stepUpSeconds: 300 } as const;
    for (const action of [refund, link])
      expect(denialOf(() => authorize(service, action, now))).toMatchObject({ code: 'insufficient_scope' });
    expect(denialOf(() => authorize(service, { scopes: ['billing:read'] }, now))).toBeUndefined();
  });

  it('says why a scope is missing: the roles, the scope claim, the registration, or that it takes a person', () => {
    const why = (given: Partial<Principal>, requirement: Parameters<typeof authorize>[1]) =>
      denialOf(() => authorize(principal('tenant_admin', { scopes: new Set(), ...given }), requirement, now))?.message;
    const service = { kind: 'service', roles: [] } as const;
    const write = { scopes: ['billing:write'] } as const;
    expect(why({ roles: ['auditor'] }, write)).toMatch(/billing:write: no role of the token gives it$/);
    expect(why({ roles: [] }, refund)).toMatch(/no role of the token gives it$/);
    expect(why({}, write)).toMatch(/a role of the token gives it, and the scope claim of the token takes it away$/);
    expect(why({ actingParty: 'spiffe://a/b' }, write)).toMatch(
      /the registration of the service that acts, or the scope/,
    );
    expect(why(service, write)).toMatch(/the registration of the service does not give it/);
    expect(why(service, refund)).toMatch(/it takes a person, .* with act \(RFC 8693\)$/);
  });
});

describe('step-up', () => {
  const challenge = (given: Partial<Principal>, maxAgeSeconds?: number) =>
    denialOf(() => requireStepUp(principal('tenant_admin', given), maxAgeSeconds, now));

  it.each([
    ['a multi-factor class', { acr: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor' }],
    ['the method mfa', { amr: ['mfa'] }],
    ['two kinds of factor', { amr: ['pwd', 'otp'] }],
  ])('is satisfied by %s and a fresh auth_time', (_, given) => {
    expect(challenge({ ...given, authTime: nowSeconds - 299 })).toBeUndefined();
  });

  it.each([
    [
      'no second factor',
      { acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password', amr: ['pwd'], authTime: nowSeconds },
    ],
    ['two methods of one kind', { amr: ['pwd', 'pin'], authTime: nowSeconds }],
    ['methods that nobody knows', { amr: ['constructor', 'toString'], authTime: nowSeconds }],
    ['a class that only begins alike', { acr: 'phr2', authTime: nowSeconds }],
    ['no auth_time', { acr: 'phr' }],
    ['a stale auth_time', { acr: 'phr', authTime: nowSeconds - 301 }],
    ['an auth_time in the future', { acr: 'phr', authTime: nowSeconds + 6 }],
    ['an auth_time in milliseconds', { acr: 'phr', authTime: now.getTime() }],
  ])('is asked for with %s', (_, given) => {
    expect(challenge(given)).toMatchObject({ status: 401, code: 'insufficient_user_authentication' });
  });

  it('asks in the words of RFC 9470', () => {
    expect(challenge({}, 60)?.wwwAuthenticate).toMatch(
      /^Bearer error="insufficient_user_authentication", error_description="[^"\\]+", acr_values="[^"\\]+", max_age="60"$/,
    );
  });

  it('is as fresh as the action asks', () => {
    expect(challenge({ acr: 'phr', authTime: nowSeconds - 61 }, 60)).toBeDefined();
    expect(challenge({ acr: 'phr', authTime: nowSeconds - 59 }, 60)).toBeUndefined();
  });
});

describe('the tenant of a request', () => {
  it('is the one the token is bound to, for every role', () => {
    for (const role of ['tenant_admin', 'platform_admin', 'auditor'] as const) {
      expect(tenantOf(principal(role))).toBe(tenant);
      expect(tenantOf(principal(role), tenant.toUpperCase())).toBe(tenant);
      expect(denialOf(() => tenantOf(principal(role), other))).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    }
  });

  it('is named by a platform_admin or auditor that is bound to none, and by nobody else', () => {
    for (const role of ['platform_admin', 'auditor'] as const) {
      expect(tenantOf(principal(role, { tenantId: undefined }), other)).toBe(other);
      for (const named of [undefined, '', 'x', `${other},${tenant}`]) {
        expect(denialOf(() => tenantOf(principal(role, { tenantId: undefined }), named))?.code).toBe('tenant_required');
      }
    }
    expect(denialOf(() => tenantOf(principal('tenant_admin', { tenantId: undefined }), other))?.code).toBe(
      'tenant_required',
    );
  });
});

describe('the tenant of a service', () => {
  const service = (given: Partial<Principal> = {}) =>
    principal('auditor', { kind: 'service', roles: [], tenantId: undefined, tenants: new Set([tenant]), ...given });

  it('is one that its registration lists, by its token or by Billing-Tenant', () => {
    expect(tenantOf(service(), tenant.toUpperCase())).toBe(tenant);
    expect(tenantOf(service({ tenantId: tenant }))).toBe(tenant);
    expect(tenantOf(service({ tenants: 'all' }), other)).toBe(other);
  });

  it('is no other, whatever its token says, and none where nobody names one', () => {
    const mismatches: [Partial<Principal>, string | undefined][] = [
      [{}, other],
      [{ tenantId: other }, undefined],
      [{ tenantId: tenant }, other],
      [{ tenants: new Set() }, tenant],
      [{ tenants: undefined }, tenant],
    ];
    for (const [given, named] of mismatches)
      expect(denialOf(() => tenantOf(service(given), named))).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    expect(denialOf(() => tenantOf(service()))?.code).toBe('tenant_required');
  });

  it('binds the person for whom it acts, too', () => {
    const forwarded = (tenants: Principal['tenants']) => principal('platform_admin', { tenantId: undefined, tenants });
    expect(tenantOf(forwarded(new Set([tenant])), tenant)).toBe(tenant);
    expect(denialOf(() => tenantOf(forwarded(new Set([tenant])), other))?.code).toBe('tenant_mismatch');
    expect(denialOf(() => tenantOf(principal('tenant_admin', { tenants: new Set([other]) })))?.code).toBe(
      'tenant_mismatch',
    );
  });

  it('is never the platform, which takes a person whose token is bound to no tenant', () => {
    const codeOf = (caller: Principal) => denialOf(() => assertPlatformCaller(caller))?.code;
    expect(codeOf(principal('platform_admin', { tenantId: undefined }))).toBeUndefined();
    expect(codeOf(principal('platform_admin'))).toBe('tenant_mismatch');
    expect(codeOf(service({ tenants: 'all' }))).toBe('tenant_mismatch');
  });
});

describe('the Authorization header', () => {
  it('gives the token of the Bearer scheme, in any case', () => {
    expect(bearerToken('Bearer abc.def.ghi')).toBe('abc.def.ghi');
    expect(bearerToken('bearer abc.def.ghi')).toBe('abc.def.ghi');
  });

  it.each([[undefined], [''], ['Basic YTpi'], ['abc.def.ghi'], ['Bearer'], ['BearerX abc']])(
    '%j is a missing token, with the plain challenge',
    (header) => {
      expect(denialOf(() => bearerToken(header))).toMatchObject({
        status: 401,
        code: 'token_missing',
        wwwAuthenticate: 'Bearer realm="billing"',
      });
    },
  );

  it('of a huge length is refused', () => {
    expect(denialOf(() => bearerToken(`Bearer ${'a'.repeat(8_193)}`))?.code).toBe('token_malformed');
  });
});
