import type { AccessAudit, NamedAction, Principal, TokenVerifier } from '#access';
import {
  AccessDenied,
  actionOfRoute,
  assertPlatformCaller,
  authorize,
  bearerToken,
  isRecorded,
  tenantOf,
} from '#access';
import type { TenantStanding } from '#access/tenancy';
import { reasonForm, reasonWords } from '#domain/tenant';
import { endConnection } from '#platform/http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Caller, PlatformCaller } from './caller.js';
import { admitted } from './caller.js';
import { idempotencyKeyOf } from './command-gate.js';
import { reasonInBody } from './named-in-body.js';
import { ProblemError } from './problem.js';
import type { RateLimits } from './rate-limits.js';
import type { Identified, Visit } from './visit.js';
import { denialOf, grantOf, headerOf, visitOf } from './visit.js';

/** Whom the guard asks. */
export interface Doorkeepers {
  verifier: Pick<TokenVerifier, 'verify' | 'knows'>;
  limits: Pick<RateLimits, 'assertNotFlooding' | 'admit' | 'admitTenant' | 'denied'>;
  standing: Pick<TenantStanding, 'assertMayWrite'>;
  audit: AccessAudit;
}

/**
 * Lets a request through that the table allows (`actions`), and tells the access log of those that it turns away. It finds out who asks
 * before anything of the body is read, and what they may do once it is there.
 */
export class AccessGuard implements CanActivate {
  readonly #identified = new WeakMap<FastifyRequest, Identified>();

  constructor(private readonly ask: Doorkeepers) {}

  /** Looks at every request of a server: after the onRequest hooks, wherever they were added, and before its body. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('preParsing', async (request, reply) => {
      try {
        await this.identify(request);
      } catch (error) {
        if (!request.raw.complete) endConnection(request, reply); // nobody is going to read the rest of it
        throw error;
      }
    });
  }

  /** Finds out who asks, where the table does not let everybody in. Throws what turns the request away. */
  async identify(request: FastifyRequest): Promise<void> {
    const action = actionOfRoute(request.method, request.routeOptions.url);
    if (!action || action.scopes === 'public') return;
    const visit = visitOf(request, action);
    try {
      this.ask.limits.assertNotFlooding(whence(visit), () => this.#isKnown(request));
      const principal = await this.ask.verifier.verify(bearerToken(request.headers.authorization), visit.peer);
      this.#identified.set(request, Object.assign(visit, { principal }));
    } catch (error) {
      this.#tell(visit, error);
      throw error;
    }
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const action = actionOfRoute(request.method, request.routeOptions.url);
    if (!action) throw new ProblemError(403, 'route_closed', 'this route is not open to anybody');
    if (action.scopes === 'public') return true;
    const visit = this.#identified.get(request);
    if (!visit) throw new Error('nobody has found out who asks: the guard does not watch this server');
    try {
      admitted(request, await this.#judge(visit, http.getResponse<FastifyReply>()));
      return true;
    } catch (error) {
      this.#tell(visit, error);
      throw error;
    }
  }

  async #judge(visit: Identified, reply: FastifyReply): Promise<Caller | PlatformCaller> {
    const { request, action, principal } = visit;
    const { limits, standing, audit } = this.ask;
    const tenantId = tenantFor(action, principal, visit.named);
    visit.tenantId = tenantId;
    const admission = await limits.admit(principal, tenantId, action.name, reply);
    const scope = authorize(principal, action);
    await limits.admitTenant(admission);
    const reason = reasonOf(request);
    if (action.effect === 'writes' && tenantId !== undefined) await standing.assertMayWrite(tenantId);
    if (scope !== undefined && isRecorded(action, principal)) {
      if (action.effect === 'writes') idempotencyKeyOf(request); // without one nothing is done, and nothing is to be recorded
      await audit.granted(grantOf(visit, scope, reason ?? reasonInBody(visit)));
    }
    return { principal, tenantId };
  }

  #isKnown({ headers }: FastifyRequest): boolean {
    try {
      return this.ask.verifier.knows(bearerToken(headers.authorization));
    } catch {
      return false;
    }
  }

  /**
   * A denial is told; a fault of ours is not. It counts against where it came from as long as nobody has proved who they are: who has, is
   * known by name, has limits of its own, and locks nobody else out.
   */
  #tell(visit: Visit, error: unknown): void {
    const tooMany = error instanceof ProblemError && error.status === 429;
    if (error instanceof AccessDenied && !visit.principal) this.ask.limits.denied(whence(visit));
    if (error instanceof AccessDenied || tooMany) this.ask.audit.denied(denialOf(visit, error.code));
  }
}

/** What unproved requests are counted by: a service's own name where its certificate says it, else the address. */
const whence = ({ peer, address }: Visit): string => peer?.spiffeId ?? address;

/** The tenant that a request is for; undefined: it is about the deployment. Throws AccessDenied where that is not the caller's to ask. */
export const tenantFor = (action: NamedAction, principal: Principal, named: string | undefined): string | undefined => {
  if (action.tenancy === 'own') return tenantOf(principal, named);
  assertPlatformCaller(principal);
  return undefined;
};

/** Why somebody uses a privilege, as a ticket or a code. */
const reasonOf = (request: FastifyRequest): string | undefined => {
  const reason = headerOf(request, 'billing-reason');
  if (reason === undefined || reasonForm.test(reason)) return reason;
  throw new ProblemError(400, 'invalid_reason', `Billing-Reason is ${reasonWords}`, {
    field: 'Billing-Reason',
  });
};
