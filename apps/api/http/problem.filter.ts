import type { AccessAudit } from '#access';
import { AccessDenied } from '#access';
import { RouteTable } from '#platform/http';
import type { Logger } from '#platform/logging';
import { scrubCardNumbers } from '#platform/logging';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Problem } from './problem.js';
import { problemOf } from './problem.js';
import { lateDenialOf } from './visit.js';

/** One line of a code of 503 in this time; those in between are counted on the next. */
const quietMs = 10_000;
const maxReason = 200;

/** Answers every error of every route with a problem document, logs those that are ours, and tells the access log of late denials. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** Set once the routes are known. */
  routes = new RouteTable();

  /** By code, of which there are few. */
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly audit: Pick<AccessAudit, 'denied'>,
    private readonly now: () => number = Date.now,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    // Nest says NotFoundException for a request that no route took; our own routes throw ProblemError.
    const error = thrown instanceof NotFoundException ? this.routes.nothingFor(request.method, request.url) : thrown;
    const problem = sendProblem(http.getResponse<FastifyReply>(), request, error);
    const denial = error instanceof AccessDenied ? lateDenialOf(request, error.code) : undefined;
    if (denial) this.audit.denied(denial);
    const line = { requestId: request.id, code: problem.code, route: request.routeOptions.url };
    if (problem.status === 503) this.#unavailable({ ...line, reason: (error as Error).message.slice(0, maxReason) });
    else if (problem.status >= 500) this.logger.error({ ...line, err: error }, 'a request failed');
  }

  /** What is away says so itself, where that is noticed: here one line of a code in a while is enough, and no stack. */
  #unavailable(line: { code: string; reason: string }): void {
    const [now, told] = [this.now(), this.#told.get(line.code)];
    if (told && now - told.at < quietMs) {
      told.since += 1;
      return;
    }
    this.#told.set(line.code, { at: now, since: 0 });
    this.logger.warn(
      { ...line, ...(told && told.since > 0 && { unreported: told.since }) },
      'a request could not be answered now',
    );
  }
}

/** Answers `request` with what went wrong. */
export const sendProblem = (reply: FastifyReply, request: FastifyRequest, error: unknown): Problem => {
  const { problem, headers } = problemOf(error);
  void reply
    .status(problem.status)
    .headers(headers)
    .type('application/problem+json')
    .send(scrubCardNumbers(JSON.stringify({ ...problem, requestId: request.id })));
  return problem;
};
