import { AccessDenied } from './access-denied.js';
import { authorize, tenantOf } from './authorize.js';
import { bearerToken } from './compact-token.js';
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

describe('roles', () => {
  const scopes: Scope[] = [
    'billing:read',
    'billing:write',
    'billing:refund',
    'billing:review',
    'billing:admin',
    'billing:payout:trigger',
    'billing:audit',
  ];
  const table = (Object.keys(scopesByRole) as Role[]).flatMap((role) => scopes.map((scope) => [role, scope] as const));

  it.each(table)('%s, %s: allowed as the table says, with step-up only where it is due', (role, scope) => {
    const listed = (scopesByRole[role] as readonly Scope[]).includes(scope);
    const plain = denialOf(() => authorize(principal(role), { scope }, now));
    const withStepUp = denialOf(() => authorize(principal(role, stepped), { scope }, now));
    if (!listed) {
      expect([plain?.code, withStepUp?.code]).toEqual(['insufficient_scope', 'insufficient_scope']);
      expect(plain).toMatchObject({ status: 403 });
      expect(plain?.wwwAuthenticate).toContain(`error="insufficient_scope"`);
      expect(plain?.wwwAuthenticate).toContain(`scope="${scope}"`);
      return;
    }
    expect(withStepUp).toBeUndefined();
    expect(plain?.code).toBe(stepUpScopes.has(scope) ? 'insufficient_user_authentication' : undefined);
  });

  it('a tenant_admin writes without step-up and refunds with it only', () => {
    const admin = principal('tenant_admin');
    expect(denialOf(() => authorize(admin, { scope: 'billing:write' }, now))).toBeUndefined();
    expect(denialOf(() => authorize(admin, { scope: 'billing:refund' }, now))).toMatchObject({ status: 401 });
    expect(denialOf(() => authorize(admin, { scope: 'billing:refund', stepUp: false }, now))).toMatchObject({
      status: 401,
    });
    expect(denialOf(() => authorize(admin, { scope: 'billing:write', stepUp: true }, now))).toMatchObject({
      status: 401,
    });
  });

  it('a service never refunds, whatever its token says', () => {
    const service = principal('tenant_admin', { ...stepped, kind: 'service' });
    expect(denialOf(() => authorize(service, { scope: 'billing:refund' }, now))).toMatchObject({
      code: 'insufficient_scope',
    });
    expect(denialOf(() => authorize(service, { scope: 'billing:read' }, now))).toBeUndefined();
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
