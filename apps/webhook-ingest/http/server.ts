import { maxInboxBodyBytes } from '#keys';
import type { DeniedNetworks, FastifyBounds, ListenerBounds, RouteTable } from '#platform/http';
import { boundedFastify, rememberRoutes } from '#platform/http';
import { addressOf } from '#platform/tls';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

import { sendProblem } from './problem.filter.js';

/** Connections at once at most: each may have a body of 1 MiB under way that nobody has verified yet. */
const maxConnections = 512;

/** A whole delivery, headers and body, must come within `requestTimeoutMs`. */
export const fastifyAdapter = ({
  requestTimeoutMs = 10_000,
  onClientError,
  tls,
}: Partial<Pick<ListenerBounds, 'requestTimeoutMs' | 'onClientError'> & Pick<FastifyBounds, 'tls'>>): FastifyAdapter =>
  boundedFastify({
    bodyLimitBytes: maxInboxBodyBytes,
    requestTimeoutMs,
    maxConnections,
    onClientError,
    tls,
    onFrameworkError: (error, request, reply) => {
      sendProblem(reply, request, error);
    },
  });

/**
 * Bodies as they come, JSON alone, and request ids; of a network in `networks` whose deliveries keep not verifying no body is read. Gives
 * the routes, which tell a wrong method from a wrong path.
 */
export const prepare = (app: NestFastifyApplication, networks: DeniedNetworks): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  // Nothing is parsed before its signature holds, and the signature is over the bytes.
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxInboxBodyBytes },
    (_request, bytes: Buffer, done) => {
      done(null, bytes);
    },
  );
  const routes = rememberRoutes(app);
  fastify.addHook('onRequest', ({ raw, url }, _, done) => {
    if (url.startsWith('/webhooks/')) networks.assertNotFlooding(addressOf(raw));
    done();
  });
  return routes;
};
