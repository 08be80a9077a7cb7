import { maxInboxBodyBytes } from '#keys';
import type { FastifyBounds, RouteTable } from '#platform/http';
import { boundedFastify, rememberRoutes } from '#platform/http';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

import { sendProblem } from './problem.filter.js';

/** Connections at once at most: each may have a body of 1 MiB under way that nobody has verified yet. */
const maxConnections = 512;

/** A whole delivery, headers and body, must come within `requestTimeoutMs`. */
export const fastifyAdapter = ({
  requestTimeoutMs = 10_000,
  onClientError,
}: Partial<Pick<FastifyBounds, 'requestTimeoutMs' | 'onClientError'>>): FastifyAdapter =>
  boundedFastify({
    bodyLimitBytes: maxInboxBodyBytes,
    requestTimeoutMs,
    onClientError,
    onFrameworkError: (error, request, reply) => {
      sendProblem(reply, request, error);
    },
  });

/** Bodies as they come, JSON alone, and request ids; gives the routes, which tell a wrong method from a wrong path. */
export const prepare = (app: NestFastifyApplication): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  fastify.server.maxConnections = maxConnections;
  fastify.removeAllContentTypeParsers();
  // Nothing is parsed before its signature holds, and the signature is over the bytes.
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxInboxBodyBytes },
    (_request, bytes: Buffer, done) => {
      done(null, bytes);
    },
  );
  return rememberRoutes(app);
};
