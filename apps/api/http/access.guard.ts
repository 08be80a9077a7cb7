import type { Principal, Requirement, Scope, TokenVerifier } from '#access';
import { authorize, bearerToken, tenantOf } from '#access';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { createParamDecorator, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import { ProblemError } from './problem.js';

/** Who calls, and as which tenant. */
export interface Caller {
  principal: Principal;
  tenantId: string;
}

export const requirementKey = 'billing:requirement';

/** What a route asks of its caller. Every route has one of `Requires` and `Public`; one without stops the boot. */
export const Requires = (scope: Scope, options: Omit<Requirement, 'scope'> = {}) =>
  SetMetadata(requirementKey, { scope, ...options });

/** A route for everybody: health, documents, keys. */
export const Public = () => SetMetadata(requirementKey, 'public');

const callers = new WeakMap<FastifyRequest, Caller>();

/** The caller of a route that has `Requires`. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!caller) throw new Error('the route asks for a caller but is public');
  return caller;
});

/** Lets a request through that has a good token with the route's scope, and for the tenant it names. */
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirement = this.reflector.getAllAndOverride<Requirement | 'public' | undefined>(requirementKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (requirement === 'public') return true;
    if (!requirement) throw new ProblemError(403, 'route_closed', 'this route is not open to anybody');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.verifier.verify(bearerToken(request.headers.authorization));
    authorize(principal, requirement);
    const named = request.headers['billing-tenant'];
    callers.set(request, { principal, tenantId: tenantOf(principal, Array.isArray(named) ? named[0] : named) });
    return true;
  }
}
