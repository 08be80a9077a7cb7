import { RouteTable } from '#platform/http';
import type { Logger } from '#platform/logging';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Problem } from './problem.js';
import { problemOf } from './problem.js';

/** Answers every error of every route with a problem document, and logs those that are ours. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** Set once the routes are known. */
  routes = new RouteTable();

  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    // Nest says NotFoundException for a request that no route took; our own routes throw ProblemError.
    const error = thrown instanceof NotFoundException ? this.routes.nothingFor(request.method, request.url) : thrown;
    const problem = sendProblem(http.getResponse<FastifyReply>(), request, error);
    if (problem.status >= 500) {
      this.logger.error(
        { err: error, requestId: request.id, code: problem.code, route: request.routeOptions.url },
        'a request failed',
      );
    }
  }
}

/** Answers `request` with what went wrong. */
export const sendProblem = (reply: FastifyReply, request: FastifyRequest, error: unknown): Problem => {
  const { problem, headers } = problemOf(error);
  void reply
    .status(problem.status)
    .headers(headers)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, requestId: request.id }));
  return problem;
};
