import type { Principal } from '#access';
import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who calls, and as which tenant. */
export interface Caller {
  principal: Principal;
  tenantId: string;
}

/** Who calls about the deployment, as nobody's tenant. */
export type PlatformCaller = Omit<Caller, 'tenantId'> & { tenantId: undefined };

const callers = new WeakMap<FastifyRequest, Caller | PlatformCaller>();

/** Remembers whom the guard has let through. */
export const admitted = (request: FastifyRequest, caller: Caller | PlatformCaller): void => {
  callers.set(request, caller);
};

/** Whom the guard has let through with this request; undefined for one that it turned away, and for what is public. */
export const admittedCaller = (request: FastifyRequest): Caller | PlatformCaller | undefined => callers.get(request);

/** The caller of a route that the table gives to a tenant's callers. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callerOf(context);
  if (caller.tenantId === undefined) throw new Error('the route asks for a tenant but is about the platform');
  return caller;
});

/** The caller of a route that the table gives to the platform's callers. */
export const FromPlatformCaller = createParamDecorator((_: unknown, context: ExecutionContext): PlatformCaller => {
  const caller = callerOf(context);
  if (caller.tenantId !== undefined) throw new Error("the route asks for the platform's caller but is about a tenant");
  return caller;
});

const callerOf = (context: ExecutionContext): Caller | PlatformCaller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!caller) throw new Error('the route asks for a caller but is public');
  return caller;
};
