import type { NamedAction, Principal } from '#access';
import { isTenantId, platformTenantId } from '#access/tenancy';
import { commandIdOf, newTenantId } from '#command-handling';
import { reasonForm } from '#domain/tenant';
import type { FastifyRequest } from 'fastify';

import { idempotencyKeyOf } from './command-gate.js';

/** Who asks what. */
interface Asked {
  request: FastifyRequest;
  action: NamedAction;
  principal: Principal;
}

/** Whose body has a reason that is one for the access log: of a refund it is the processor's word. */
const withReason: ReadonlySet<string> = new Set(['tenants.suspend', 'tenants.reinstate']);

/** Why, as the body says it, where that is of the same form as `Billing-Reason`. The body is not validated yet. */
export const reasonInBody = ({ request, action }: Omit<Asked, 'principal'>): string | undefined => {
  const { reason } = withReason.has(action.name) ? fieldsOf(request) : {};
  return typeof reason === 'string' && reasonForm.test(reason) ? reason : undefined;
};

/** What an act is on, where no path says it: the tenant that is to be added, by the id that it brings or will get. */
export const resourceInBody = ({ request, action, principal }: Asked): string | undefined => {
  if (action.name !== 'tenants.add') return undefined;
  const { id } = fieldsOf(request);
  if (typeof id === 'string' && isTenantId(id)) return id.toLowerCase();
  if (id !== undefined && id !== null) return undefined;
  return newTenantId(commandIdOf(platformTenantId, 'http', principal.subject, idempotencyKeyOf(request)));
};

const fieldsOf = ({ body }: FastifyRequest): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
