import { AccessDenied } from './access-denied.js';
import type { Principal } from './principal.js';
import { stepUpScopes } from './roles.js';
import type { Scope } from './roles.js';
import { defaultStepUpSeconds, requireStepUp } from './step-up.js';
import { isTenantId } from './tenancy/index.js';

/** What an action asks of its caller. */
export interface Requirement {
  scope: Scope;
  /** Asks for a fresh second factor, which the scopes of `stepUpScopes` ask for anyway. */
  stepUp?: boolean;
  /** How old that factor may be. Default 300. */
  maxAgeSeconds?: number;
}

/**
 * Throws AccessDenied unless the caller has the scope (403 `insufficient_scope`), and the fresh second factor where one is asked
 * for (401 with the challenge of RFC 9470). Services have no second factor: they never get a scope that needs one.
 */
export const authorize = (principal: Principal, requirement: Requirement, now = new Date()): void => {
  const { scope, maxAgeSeconds = defaultStepUpSeconds } = requirement;
  const stepUp = requirement.stepUp === true || stepUpScopes.has(scope);
  if (!principal.scopes.has(scope) || (stepUp && principal.kind === 'service')) throw insufficientScope(scope);
  if (stepUp) requireStepUp(principal, maxAgeSeconds, now);
};

/**
 * The tenant that a request acts for: the one the token is bound to; for a platform_admin or auditor whose token is bound to
 * none, the one that the `Billing-Tenant` header names. Throws AccessDenied (403): `tenant_mismatch` when the header names
 * another than the token's, `tenant_required` when neither names one or the header is not a UUID.
 */
export const tenantOf = (principal: Principal, billingTenant?: string): string => {
  const named = billingTenant?.toLowerCase();
  if (principal.tenantId !== undefined) {
    if (named !== undefined && named !== principal.tenantId) {
      throw new AccessDenied(403, 'tenant_mismatch', 'the token is bound to another tenant than Billing-Tenant names');
    }
    return principal.tenantId;
  }
  const acrossTenants = principal.roles.includes('platform_admin') || principal.roles.includes('auditor');
  if (!acrossTenants || named === undefined || !isTenantId(named)) {
    throw new AccessDenied(403, 'tenant_required', 'name the tenant by its id in the Billing-Tenant header');
  }
  return named;
};

const insufficientScope = (scope: Scope): AccessDenied =>
  new AccessDenied(
    403,
    'insufficient_scope',
    `this needs the scope ${scope}`,
    `Bearer error="insufficient_scope", error_description="this needs the scope ${scope}", scope="${scope}"`,
  );
