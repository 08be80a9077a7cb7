import { AccessDenied } from '../access-denied.js';
import { authorize, tenantOf } from '../authorize.js';
import type { Scope } from '../roles.js';
import { stepUpScopes } from '../roles.js';
import type { TokenVerifier } from '../token-verifier.js';
import type { Producer } from './producer.js';
import { mayServe } from './producer.js';

/** What a proven command asks for. */
export interface CommandRequest {
  producer: Producer;
  tenantId: string;
  scope: Scope;
  onBehalfOf: string | undefined;
  /** When the broker stored the command: a person's token, and the second factor behind it, are judged as of then. */
  appendedAt: Date;
}

/**
 * Who is behind a command: the service itself, or the person whose token it forwards. What takes a second factor is the person's
 * right alone; anything else must be the service's own too. Throws AccessDenied as over HTTP; IssuerUnavailable where the issuer's
 * keys cannot be had.
 */
export const commandCaller = async (
  { producer, tenantId, scope, onBehalfOf, appendedAt }: CommandRequest,
  verifier: Pick<TokenVerifier, 'verifyAsOf'>,
): Promise<{ type: 'person' | 'service'; subject: string }> => {
  if (!mayServe(producer, tenantId))
    throw new AccessDenied(403, 'tenant_mismatch', 'the producer is not registered for this tenant');
  const { name: subject, scopes } = producer;
  if (onBehalfOf === undefined || !stepUpScopes.has(scope))
    authorize({ kind: 'service', subject, tenantId, scopes, roles: [], amr: [] }, { scope }, appendedAt);
  if (onBehalfOf === undefined) return { type: 'service', subject };
  const person = await verifier.verifyAsOf(onBehalfOf, appendedAt);
  if (person.actingParty !== undefined && person.actingParty !== subject)
    throw new AccessDenied(403, 'token_for_another_service', 'the token of the person lets another service act');
  tenantOf(person, tenantId);
  authorize(person, { scope }, appendedAt);
  return { type: 'person', subject: person.subject };
};
