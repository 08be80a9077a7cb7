import { bodyLimitBytes } from '#command-handling';
import type { FastifyBounds, ListenerBounds, RouteTable } from '#platform/http';
import { boundedFastify, rememberRoutes } from '#platform/http';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';

import { acceptReports } from '../checkout/csp-reports.js';
import { AccessGuard } from './access.guard.js';
import { acceptJson } from './body-parser.js';
import { refuseCardNumbers } from './card-numbers.js';
import { OpenRoutes } from './open-routes.js';
import { sendProblem } from './problem.filter.js';

/**
 * A whole request, headers and body, must come within `requestTimeoutMs`; a command may then wait for the processor. Who takes nothing
 * of an answer for `stalledMs` is cut off.
 */
export const fastifyAdapter = ({
  requestTimeoutMs = 30_000,
  maxConnections = 4_096,
  stalledMs,
  tls,
}: Partial<ListenerBounds & Pick<FastifyBounds, 'tls'>> = {}): FastifyAdapter =>
  boundedFastify({
    bodyLimitBytes,
    requestTimeoutMs,
    maxConnections,
    stalledMs,
    tls,
    onFrameworkError: (error, request, reply) => {
      sendProblem(reply, request, error);
    },
  });

/** Body parsing, request ids, a look at every route, and at who asks before the body; gives the routes, which tell a wrong method from a wrong path. */
export const prepare = (app: NestFastifyApplication): RouteTable => {
  acceptJson(app.getHttpAdapter().getInstance());
  acceptReports(app.getHttpAdapter().getInstance());
  app.get(OpenRoutes).watch(app.getHttpAdapter().getInstance());
  const routes = rememberRoutes(app);
  app.get(AccessGuard).watch(app.getHttpAdapter().getInstance());
  refuseCardNumbers(app.getHttpAdapter().getInstance());
  return routes;
};
