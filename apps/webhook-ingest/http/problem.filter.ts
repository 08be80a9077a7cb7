import type { Problem } from '#platform/http';
import { ProblemError, RouteTable, frameworkProblem, problem } from '#platform/http';
import { KeyManagementUnavailable, maxInboxBodyBytes } from '#keys';
import { isTransient } from '#event-store';
import type { Logger } from '#platform/logging';
import { scrubCardNumbers } from '#platform/logging';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { IngestMetrics } from '../metrics.js';
import { keysUnavailable, storeUnavailable } from '../receive/refusals.js';
import type { DeliveryDenials } from './delivery-denials.js';

/** Answers every error of every route with a problem document; logs and counts it by its code, and never what was sent. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** Set once the routes are known. */
  routes = new RouteTable();

  constructor(
    private readonly logger: Logger,
    private readonly metrics: IngestMetrics,
    private readonly denials: DeliveryDenials,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    // Nest says NotFoundException for a request that no route took; our own routes throw ProblemError.
    const error = thrown instanceof NotFoundException ? this.routes.nothingFor(request.method, request.url) : thrown;
    const { code, status } = sendProblem(http.getResponse<FastifyReply>(), request, error);
    this.metrics.refused(code);
    this.denials.refused(request, code);
    const line = { requestId: request.id, code, route: request.routeOptions.url };
    if (status === 500) this.logger.error({ ...line, err: error }, 'a delivery failed');
    else this.logger.warn(line, 'a request was refused');
  }
}

/** Answers `request` with what went wrong. */
export const sendProblem = (reply: FastifyReply, request: FastifyRequest, thrown: unknown): Problem => {
  const error = laterOf(thrown) ?? thrown;
  const said =
    error instanceof ProblemError
      ? problem(error.status, error.code, error.message, error.extensions)
      : frameworkProblem(error, maxInboxBodyBytes);
  void reply
    .status(said.status)
    .headers(error instanceof ProblemError ? error.headers : {})
    .type('application/problem+json')
    .send(scrubCardNumbers(JSON.stringify({ ...said, requestId: request.id })));
  return said;
};

/** What is about the moment, and not about the delivery. */
const laterOf = (thrown: unknown): ProblemError | undefined => {
  if (thrown instanceof KeyManagementUnavailable) return keysUnavailable();
  return isTransient(thrown) ? storeUnavailable() : undefined;
};
