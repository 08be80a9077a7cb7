import { AccessDenied } from './access-denied.js';
import type { Action } from './actions.js';
import type { Principal } from './principal.js';
import { mayServe } from './producers/producer.js';
import { scopesByRole, stepUpScopes } from './roles.js';
import type { Scope } from './roles.js';
import { defaultStepUpSeconds, requireStepUp } from './step-up.js';
import { isTenantId } from './tenancy/index.js';

/** What an action asks of its caller. */
export type Requirement = Pick<Action, 'scopes' | 'stepUpSeconds'>;

/**
 * The scope by which the caller may do it. Throws AccessDenied unless the caller has one that the action takes (403
 * `insufficient_scope`), and the fresh second factor where one is asked for (401 with the challenge of RFC 9470). Services have no
 * second factor: they have no right to what needs one, whatever their scopes. undefined: nobody is asked anything.
 */
export const authorize = (principal: Principal, requirement: Requirement, now = new Date()): Scope | undefined => {
  const { scopes } = requirement;
  if (scopes === 'public') return undefined;
  const scope = scopes.find((each) => principal.scopes.has(each));
  if (scope === undefined) throw insufficientScope(scopes, whyNot(principal, requirement, scopes));
  const seconds = stepUpSecondsOf(requirement, scope);
  if (seconds === undefined) return scope;
  if (principal.kind === 'service') throw insufficientScope(scopes, takesPerson);
  requireStepUp(principal, seconds, now);
  return scope;
};

/** The scopes of `stepUpScopes` ask for a second factor even where a row forgot to say so. */
const stepUpSecondsOf = ({ stepUpSeconds }: Requirement, scope: Scope): number | undefined =>
  stepUpSeconds ?? (stepUpScopes.has(scope) ? defaultStepUpSeconds : undefined);

/** Whether it takes a person: somebody who can show a second factor. */
export const needsPerson = (requirement: Requirement): boolean =>
  requirement.scopes !== 'public' &&
  requirement.scopes.every((scope) => stepUpSecondsOf(requirement, scope) !== undefined);

/** Whether the use of an action is recorded: a privilege, or a person who acts for a tenant that their token is not bound to. */
export const isRecorded = (
  { privileged, tenancy }: Pick<Action, 'privileged' | 'tenancy'>,
  { kind, tenantId }: Pick<Principal, 'kind' | 'tenantId'>,
): boolean => privileged === true || (tenancy === 'own' && kind === 'person' && tenantId === undefined);

/**
 * The tenant that a request acts for. The one the token is bound to; for a platform_admin or auditor whose token is bound to none,
 * the one that the `Billing-Tenant` header names; for a service, and for a person for whom one acts, one that its registration lists. Throws AccessDenied (403):
 * `tenant_mismatch` when the header names another than the token's, or the service is not registered for it; `tenant_required` when
 * neither names one or the header is not a UUID.
 */
export const tenantOf = (principal: Principal, billingTenant?: string): string => {
  const tenantId = boundTenantOf(principal, billingTenant) ?? namedTenantOf(principal, billingTenant);
  // `tenants` of a person: those of the service that brings the token.
  if ((principal.kind === 'service' || principal.tenants !== undefined) && !isRegisteredFor(principal, tenantId))
    throw new AccessDenied(403, 'tenant_mismatch', 'the service is not registered for this tenant');
  return tenantId;
};

/** Throws AccessDenied (403 `tenant_mismatch`) for callers that belong to a tenant, and for services: the deployment is not theirs. */
export const assertPlatformCaller = ({ kind, tenantId }: Principal): void => {
  if (kind === 'service')
    throw new AccessDenied(403, 'tenant_mismatch', 'this takes a person of the platform, not a service');
  if (tenantId !== undefined)
    throw new AccessDenied(403, 'tenant_mismatch', 'the token is bound to a tenant, and this is about the platform');
};

const boundTenantOf = ({ tenantId }: Principal, billingTenant: string | undefined): string | undefined => {
  if (tenantId !== undefined && billingTenant !== undefined && !isTenantId(billingTenant))
    throw new AccessDenied(403, 'tenant_mismatch', notTenantId);
  if (tenantId !== undefined && billingTenant !== undefined && billingTenant.toLowerCase() !== tenantId)
    throw new AccessDenied(403, 'tenant_mismatch', 'the token is bound to another tenant than Billing-Tenant names');
  return tenantId;
};

const namedTenantOf = ({ kind, roles }: Principal, billingTenant: string | undefined): string => {
  const mayName = kind === 'service' || roles.includes('platform_admin') || roles.includes('auditor');
  if (!mayName)
    throw new AccessDenied(403, 'tenant_required', 'the token is bound to no tenant, and no role of it may name one');
  if (billingTenant === undefined)
    throw new AccessDenied(403, 'tenant_required', 'name the tenant by its id in the Billing-Tenant header');
  if (!isTenantId(billingTenant)) throw new AccessDenied(403, 'tenant_required', notTenantId);
  return billingTenant.toLowerCase();
};

const notTenantId = 'Billing-Tenant is the id of a tenant, a UUID';

const isRegisteredFor = ({ tenants }: Principal, tenantId: string): boolean =>
  tenants !== undefined && mayServe({ tenants }, tenantId);

const takesPerson = 'it takes a person, and a service can bring the token of one, with act (RFC 8693)';

/** In words that help whoever made the token or the registration. */
const whyNot = (
  { kind, roles, actingParty }: Principal,
  requirement: Requirement,
  scopes: readonly Scope[],
): string => {
  if (kind === 'service')
    return needsPerson(requirement)
      ? takesPerson
      : 'the registration of the service does not give it, or the scope claim of the token takes it away';
  if (!roles.some((role) => scopesByRole[role].some((scope) => scopes.includes(scope))))
    return 'no role of the token gives it';
  return `a role of the token gives it, and ${actingParty === undefined ? '' : 'the registration of the service that acts, or '}the scope claim of the token takes it away`;
};

const insufficientScope = (scopes: readonly Scope[], why: string): AccessDenied => {
  const message = `this needs the scope ${scopes.join(' or ')}: ${why}`;
  return new AccessDenied(
    403,
    'insufficient_scope',
    message,
    `Bearer error="insufficient_scope", error_description="${message}", scope="${scopes.join(' ')}"`,
  );
};
