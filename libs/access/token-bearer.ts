import { AccessDenied, invalidToken } from './access-denied.js';
import type { Peer } from './peer.js';
import type { Principal } from './principal.js';
import type { Producer } from './producers/producer.js';
import { mayServe } from './producers/producer.js';
import { stepUpScopes } from './roles.js';
import type { TokenClaims } from './token-claims.js';

/** Where services are registered. */
export interface ServiceRegistrations {
  /** The service with this SPIFFE id; undefined where there is none, or it was revoked. */
  serviceOf(spiffeId: string): Promise<Producer | undefined>;
}

/**
 * Judges who brings a token, by the client certificate of the very request, and gives what the token lets them do. A service needs the
 * certificate that its token is bound to (RFC 8705) and whose SPIFFE id is its name, and a registration. A person's token that lets a
 * service act (RFC 8693) must be brought by that service, and then does no more than the service may do itself, but for what takes a
 * second factor, which is the person's right alone. Throws AccessDenied.
 */
export const principalBehind = async (
  { principal, thumbprint, scope }: TokenClaims,
  peer: Peer | undefined,
  services: ServiceRegistrations,
): Promise<Principal> => {
  if (thumbprint !== undefined && peer?.thumbprint !== thumbprint) throw certificateRequired();
  if (principal.kind === 'service') return ownRight(principal, { thumbprint, scope }, peer, services);
  return principal.actingParty === undefined ? principal : forwarded(principal, principal.actingParty, peer, services);
};

const ownRight = async (
  principal: Principal,
  { thumbprint, scope }: Pick<TokenClaims, 'thumbprint' | 'scope'>,
  peer: Peer | undefined,
  services: ServiceRegistrations,
): Promise<Principal> => {
  if (thumbprint === undefined || peer?.spiffeId !== principal.subject) throw certificateRequired();
  const { tenants, scopes } = await registered(principal.subject, services);
  const asked = scope?.split(' ');
  const narrowed = [...scopes].filter((each) => !stepUpScopes.has(each) && (asked?.includes(each) ?? true));
  return { ...principal, tenants, scopes: new Set(narrowed) };
};

const forwarded = async (
  person: Principal,
  actingParty: string,
  peer: Peer | undefined,
  services: ServiceRegistrations,
): Promise<Principal> => {
  if (peer === undefined) throw certificateRequired();
  if (peer.spiffeId !== actingParty)
    throw new AccessDenied(403, 'token_for_another_service', 'the token of the person lets another service act');
  const service = await registered(actingParty, services);
  if (person.tenantId !== undefined && !mayServe(service, person.tenantId))
    throw new AccessDenied(403, 'tenant_mismatch', 'the service is not registered for the tenant of the token');
  const scopes = [...person.scopes].filter((scope) => stepUpScopes.has(scope) || service.scopes.has(scope));
  return { ...person, tenants: service.tenants, scopes: new Set(scopes) };
};

const registered = async (spiffeId: string, services: ServiceRegistrations): Promise<Producer> => {
  const service = await services.serviceOf(spiffeId);
  if (!service)
    throw new AccessDenied(
      403,
      'service_not_registered',
      'no service is registered with the SPIFFE id of the certificate',
    );
  return service;
};

const certificateRequired = () =>
  invalidToken('token_certificate_required', 'this token needs the client certificate that it is bound to');
