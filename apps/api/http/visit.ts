import type { Denial, Grant, NamedAction, Peer, Principal, Scope } from '#access';
import { actionOfRoute, originNetworkOf } from '#access';
import { isTenantId } from '#access/tenancy';
import { addressOf, peerOf } from '#platform/tls';
import type { FastifyRequest } from 'fastify';

import { admittedCaller } from './caller.js';
import { resourceInBody } from './named-in-body.js';

/** A request at the door: what it asks for, and what has been found out about who asks. */
export interface Visit {
  readonly request: FastifyRequest;
  readonly action: NamedAction;
  readonly peer: Peer | undefined;
  readonly address: string;
  /** What `Billing-Tenant` says. */
  readonly named: string | undefined;
  /** Once the token is verified. */
  principal?: Principal;
  /** Once it is known for which tenant it is; it stays undefined for what is about the platform. */
  tenantId?: string;
}

/** A visit of somebody whose token is verified. */
export type Identified = Visit & { principal: Principal };

export const visitOf = (request: FastifyRequest, action: NamedAction): Visit => ({
  request,
  action,
  peer: peerOf(request.raw),
  address: addressOf(request.raw),
  named: headerOf(request, 'billing-tenant'),
});

/** One text of a header; of several the first. */
export const headerOf = ({ headers }: FastifyRequest, name: string): string | undefined => [headers[name]].flat()[0];

/** The visit as the access log tells of one that was turned away: in the log of the tenant that the caller belongs to. */
export const denialOf = (visit: Visit, code: string): Denial => {
  const { action, principal, named = '' } = visit;
  const tenantId = principal?.tenantId ?? visit.tenantId;
  const namedTenantId = isTenantId(named) && named.toLowerCase() !== tenantId ? named.toLowerCase() : undefined;
  return {
    ...{ tenantId, channel: 'http', action: action.name, code, origin: originOf(visit) },
    ...(principal && { caller: callerOf(principal) }),
    ...(namedTenantId !== undefined && { namedTenantId }),
  };
};

/**
 * The denial of a request that the guard let through and what is behind it did not, such as that of a tenant which was suspended a moment
 * ago; undefined for one of which the guard has told.
 */
export const lateDenialOf = (request: FastifyRequest, code: string): Denial | undefined => {
  const [caller, action] = [admittedCaller(request), actionOfRoute(request.method, request.routeOptions.url)];
  return caller && action && denialOf(Object.assign(visitOf(request, action), caller), code);
};

/** The visit as the access log tells of one that uses a privilege, by the scope `grant`. */
export const grantOf = (visit: Identified, grant: Scope, reason: string | undefined): Grant => {
  const { action, tenantId, request, principal } = visit;
  const { id: resource = resourceInBody(visit) } = request.params as { id?: string };
  return {
    ...{ tenantId, channel: 'http', action: action.name, caller: callerOf(principal), origin: originOf(visit), grant },
    ...(resource !== undefined && { resource }),
    ...(reason !== undefined && { reason }),
  };
};

const originOf = ({ address, peer, request }: Visit): Grant['origin'] => {
  const network = originNetworkOf(address);
  return {
    ...(network !== undefined && { network }),
    ...(peer && { spiffeId: peer.spiffeId }),
    requestId: request.id,
  };
};

const callerOf = ({ kind, subject, roles, actingParty }: Principal): Grant['caller'] => ({
  kind,
  subject,
  roles,
  ...(actingParty !== undefined && { actingParty }),
});
