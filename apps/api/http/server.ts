import { bodyLimitBytes } from '#command-handling';
import type { RouteTable } from '#platform/http';
import { boundedFastify, rememberRoutes } from '#platform/http';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';

import { acceptJson } from './body-parser.js';
import { sendProblem } from './problem.filter.js';

/** A whole request, headers and body, must come within `requestTimeoutMs`; a command may then wait for the processor. */
export const fastifyAdapter = ({ requestTimeoutMs = 30_000 } = {}): FastifyAdapter =>
  boundedFastify({
    bodyLimitBytes,
    requestTimeoutMs,
    onFrameworkError: (error, request, reply) => {
      sendProblem(reply, request, error);
    },
  });

/** Body parsing and request ids; gives the routes, which tell a wrong method from a wrong path. */
export const prepare = (app: NestFastifyApplication): RouteTable => {
  acceptJson(app.getHttpAdapter().getInstance());
  return rememberRoutes(app);
};
