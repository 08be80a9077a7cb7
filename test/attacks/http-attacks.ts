import type { NamedAction, Role } from '#access';
import { allActions, scopesByRole } from '#access';
import { randomUUID } from 'node:crypto';

import type { CallOptions, Reply } from '../../apps/api/testing/call.js';
import { callOver } from '../../apps/api/testing/call.js';
import type { Forge, Json } from './forge.js';
import type { HostileToken } from './hostile-tokens.js';
import type { Sample } from './world.js';

/** What is sent, and what must come back. */
export interface Attack {
  name: string;
  token: string;
  status: number;
  /** Of the problem; undefined where any will do. */
  code?: string;
  headers?: Record<string, string>;
  /** Of the answer: a challenge, where there must be one. */
  challenge?: RegExp;
}

/** The tenants that an attack is about. */
export interface Tenants {
  /** Whose things the samples name. */
  owner: string;
  /** Whose token comes. */
  other: string;
  suspended: string;
}

export const roles = Object.keys(scopesByRole) as Role[];
const allScopes = [...new Set(roles.flatMap((role) => [...scopesByRole[role]] as string[]))];

/** Claims that would do everything that an action asks, for the tenant where it takes one. */
export const everything = ({ tenancy }: NamedAction, tenantId: string): Json => ({
  roles: tenancy === 'own' ? roles : ['platform_admin', 'auditor'],
  ...(tenancy === 'own' && { tenant_id: tenantId }),
});

/** Every attack on one action with a token that is well made but gives no right to it. */
export const attacksOn = async (forge: Forge, action: NamedAction, tenants: Tenants): Promise<Attack[]> => {
  const full = everything(action, tenants.owner);
  const scopes = [action.scopes].flat() as string[];
  const others = allScopes.filter((scope) => !scopes.includes(scope)).join(' ');
  const lacking = { status: 403, code: 'insufficient_scope', challenge: /error="insufficient_scope".*scope="[^"]+"$/ };
  return [
    { name: 'every other scope', token: await forge.sign({ ...full, scope: others }), ...lacking },
    { name: 'no role', token: await forge.sign({ ...full, roles: [] }), ...lacking },
    {
      name: 'a role of another system',
      token: await forge.sign({ ...full, roles: ['owner', '__proto__'] }),
      ...lacking,
    },
    {
      name: 'a person who lets a service act, without the certificate of that service',
      token: await forge.sign({ ...full, act: { sub: 'spiffe://billing.test/shop' } }),
      ...{ status: 401, code: 'token_certificate_required' },
    },
    ...(await withoutStepUp(forge, action, full)),
    ...(action.tenancy === 'own'
      ? await onTheTenant(forge, action, full, tenants)
      : await onThePlatform(forge, full, tenants)),
  ];
};

/** Each way in which a second factor is none (RFC 9470): the challenge says what would be one. */
const withoutStepUp = async (forge: Forge, { stepUpSeconds }: NamedAction, full: Json): Promise<Attack[]> => {
  if (stepUpSeconds === undefined) return [];
  const weak = weakFactors(stepUpSeconds, new Date());
  return Promise.all(
    weak.map(async ([name, claims]) => ({
      name,
      token: await forge.sign({ ...full, ...claims }),
      ...{ status: 401, code: 'insufficient_user_authentication' },
      challenge: new RegExp(
        `^Bearer error="insufficient_user_authentication".*acr_values="[^"]+", max_age="${stepUpSeconds}"$`,
      ),
    })),
  );
};

/** Claims of persons who have not freshly shown a second factor, as of `at`. */
export const weakFactors = (stepUpSeconds: number, at: Date): [name: string, claims: Json][] => {
  const seconds = Math.floor(at.getTime() / 1_000);
  return [
    ['no second factor', { acr: undefined, amr: ['pwd'] }],
    ['no factor at all', { acr: undefined, amr: undefined }],
    ['a second factor without its time', { auth_time: undefined }],
    ['a stale second factor', { auth_time: seconds - stepUpSeconds - 2 }],
    ['a second factor of 1970', { auth_time: 0 }],
    ['a second factor from the future', { auth_time: seconds + 60 }],
    ['a second factor in milliseconds', { auth_time: at.getTime() }],
  ];
};

const onTheTenant = async (
  forge: Forge,
  { effect, route }: NamedAction,
  full: Json,
  { other, owner, suspended }: Tenants,
): Promise<Attack[]> => {
  const mismatch = { status: 403, code: 'tenant_mismatch' };
  const theirs = await forge.sign({ ...full, tenant_id: other });
  const mine = await forge.sign(full);
  const unbound = { ...full, tenant_id: undefined };
  const platform = await forge.sign({ ...unbound, roles: ['platform_admin', 'auditor'] });
  return [
    ...(route?.includes(':id')
      ? [{ name: "another tenant's token with this tenant's id", token: theirs, status: 404 }]
      : []),
    {
      name: "another tenant's token that names this tenant",
      token: theirs,
      headers: { 'billing-tenant': owner },
      ...mismatch,
    },
    { name: "this tenant's token that names another", token: mine, headers: { 'billing-tenant': other }, ...mismatch },
    { name: 'two tenants', token: mine, headers: { 'billing-tenant': `${owner}, ${other}` }, ...mismatch },
    { name: 'no tenant', token: await forge.sign(unbound), status: 401, code: 'token_invalid_claims' },
    { name: 'no tenant, and none named', token: platform, status: 403, code: 'tenant_required' },
    {
      name: 'no tenant, and SQL named',
      token: platform,
      headers: { 'billing-tenant': "x' or '1'='1" },
      ...{ status: 403, code: 'tenant_required' },
    },
    ...(effect === 'reads'
      ? []
      : [
          {
            name: 'a suspended tenant',
            token: await forge.sign({ ...full, tenant_id: suspended }),
            status: 403,
            code: 'tenant_suspended',
          },
        ]),
    ...(effect === 'reads'
      ? []
      : [
          {
            name: 'a reason with an email in it',
            token: mine,
            headers: { 'billing-reason': 'for ada@example.com' },
            ...{ status: 400, code: 'invalid_reason' },
          },
        ]),
  ];
};

const onThePlatform = async (forge: Forge, full: Json, { owner, other }: Tenants): Promise<Attack[]> => [
  {
    name: 'a token that is bound to a tenant',
    token: await forge.sign({ ...full, tenant_id: owner }),
    ...{ status: 403, code: 'tenant_mismatch' },
  },
  {
    name: 'a token that is bound to a tenant and names another',
    token: await forge.sign({ ...full, tenant_id: owner }),
    headers: { 'billing-tenant': other },
    ...{ status: 403, code: 'tenant_mismatch' },
  },
];

/** A hostile token as an attack: what is wrong with it is found out before anything else is looked at. */
export const attackWith = ({ name, token, code }: HostileToken): Attack => ({
  ...{ name, token, code, status: 401 },
  challenge:
    code === 'token_missing' ? /^Bearer realm="billing"$/ : /^Bearer error="invalid_token", error_description="[^"]+"$/,
});

/** Sends what `sample` says to the action's route. */
export const sendTo = (
  url: string,
  { route = 'GET /' }: NamedAction,
  { id = '', body }: Sample,
  { token, headers = {} }: Pick<Attack, 'token' | 'headers'>,
): Promise<Reply> => {
  const [method = '', pattern = ''] = route.split(' ');
  const call = callOver(url, token === '' ? {} : { authorization: `Bearer ${token}` });
  const options: CallOptions =
    method === 'GET'
      ? { headers }
      : { body, headers: { 'idempotency-key': randomUUID(), prefer: 'wait=0', ...headers } };
  return call(method, pattern.replace(':id', id), options);
};

/** Other ways to write a path, by which a router or a proxy may take it for what it is, and a guard for something else. */
export const disguises = (path: string): string[] => [
  `${path}/`,
  `/${path}`,
  `${path}?`,
  `${path}//`,
  `/.${path}`,
  `/docs/..%2f..${path}`,
  `/healthz/..;${path}`,
  path.toUpperCase(),
  path.replace('/v1', '/v1/.'),
  path.replace('v1', '%76%31'),
  `${path}%00`,
  `${path};a=b`,
];

/** The actions that have a route and a caller. */
export const guardedRoutes = allActions.filter(({ route, scopes }) => route !== undefined && scopes !== 'public');

/** The actions that a link gives the right to, and nothing else does. */
export const linkedRoutes = allActions.filter(({ tenancy }) => tenancy === 'link');
