import { AccessDenied } from '../access-denied.js';
import type { Requirement } from '../authorize.js';
import { authorize, needsPerson, tenantOf } from '../authorize.js';
import type { Principal } from '../principal.js';
import type { Scope } from '../roles.js';
import type { TokenVerifier } from '../token-verifier.js';
import type { Producer } from './producer.js';
import { mayServe } from './producer.js';

/** What a proven command asks for. */
export interface CommandRequest {
  producer: Producer;
  tenantId: string;
  action: Requirement;
  onBehalfOf: string | undefined;
  /** When the broker stored the command: a person's token, and the second factor behind it, are judged as of then. */
  appendedAt: Date;
}

/** Who is behind a command, and the scope by which they may give it. */
export interface CommandCaller {
  principal: Principal;
  scope: Scope | undefined;
}

/**
 * Who is behind a command: the service itself, or the person whose token it forwards. What takes a second factor is the person's
 * right alone; anything else must be the service's own too. Throws AccessDenied as over HTTP; IssuerUnavailable where the issuer's
 * keys cannot be had.
 */
export const commandCaller = async (
  { producer, tenantId, action, onBehalfOf, appendedAt }: CommandRequest,
  verifier: Pick<TokenVerifier, 'verifyAsOf'>,
): Promise<CommandCaller> => {
  if (!mayServe(producer, tenantId))
    throw new AccessDenied(403, 'tenant_mismatch', 'the producer is not registered for this tenant');
  if (onBehalfOf === undefined) {
    const principal = serviceOf(producer, tenantId);
    return { principal, scope: authorize(principal, action, appendedAt) };
  }
  if (!needsPerson(action)) authorize(serviceOf(producer, tenantId), action, appendedAt);
  const principal = await verifier.verifyAsOf(onBehalfOf, appendedAt);
  assertLetsAct(principal, producer);
  tenantOf(principal, tenantId);
  return { principal, scope: authorize(principal, action, appendedAt) };
};

const serviceOf = ({ name: subject, scopes, tenants }: Producer, tenantId: string): Principal => ({
  ...{ kind: 'service', subject, tenantId, tenants, scopes, roles: [], amr: [] },
});

/** What is forwarded is a person's token, and one that lets nobody act, or this very service (RFC 8693 `act`). */
const assertLetsAct = ({ kind, actingParty }: Principal, { name, spiffeId }: Producer): void => {
  if (kind !== 'person')
    throw new AccessDenied(
      403,
      'token_for_another_service',
      'the token that is forwarded is not the token of a person',
    );
  if (actingParty !== undefined && actingParty !== name && actingParty !== spiffeId)
    throw new AccessDenied(403, 'token_for_another_service', 'the token of the person lets another service act');
};
