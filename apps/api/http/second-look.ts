import type { AccessAudit, TokenVerifier } from '#access';
import { AccessDenied, actionOfRoute, authorize, bearerToken } from '#access';
import type { FastifyRequest } from 'fastify';

import { tenantFor } from './access.guard.js';
import { denialOf, visitOf } from './visit.js';

/** Whom it takes to judge a request again. */
export interface SecondLookParts {
  verifier: Pick<TokenVerifier, 'verify'>;
  audit: Pick<AccessAudit, 'denied'>;
}

/**
 * Judges a request once more that the guard has let through and that is still being answered: by its token, its certificate and the
 * registrations as they are now. Throws AccessDenied as the guard does, of which the access log is told, and whatever the verifier raises
 * where nobody can be asked.
 */
export const judgeAgain = async (request: FastifyRequest, { verifier, audit }: SecondLookParts): Promise<void> => {
  const action = actionOfRoute(request.method, request.routeOptions.url);
  if (!action) throw new Error('a request was let through that has no row in the table');
  const visit = visitOf(request, action);
  try {
    const principal = await verifier.verify(bearerToken(request.headers.authorization), visit.peer);
    visit.principal = principal;
    visit.tenantId = tenantFor(action, principal, visit.named);
    authorize(principal, action);
  } catch (error) {
    if (error instanceof AccessDenied) audit.denied(denialOf(visit, error.code));
    throw error;
  }
};
