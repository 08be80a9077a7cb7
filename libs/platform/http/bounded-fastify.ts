import type { Socket } from 'node:net';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { answerClientError, newRequestId } from './client-error.js';
import { RouteTable } from './route-table.js';

export interface FastifyBounds {
  bodyLimitBytes: number;
  /** Within which a whole request, headers and body, must come. What is done with it may take longer. */
  requestTimeoutMs: number;
  /** Answers what the router refuses before any hook has run, such as a path that is no URL. */
  onFrameworkError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
  /** Told the code of what answered a request that never became one, such as `request_timeout`. */
  onClientError?: (code: string) => void;
}

/** Fastify with bounds on everything a client can make large or slow. */
export const boundedFastify = ({
  bodyLimitBytes,
  requestTimeoutMs,
  onFrameworkError,
  onClientError,
}: FastifyBounds): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    http: {
      // By itself Node gives headers 60 seconds; where that is more than a whole request has, it takes the one for the other.
      headersTimeout: requestTimeoutMs,
      // How exactly Node keeps these times; by itself it looks every 30 seconds.
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    },
    keepAliveTimeout: 72_000,
    connectionTimeout: 0,
    // As long as a request line can be: an id of any length just names nothing. No route has a regular expression to fool.
    routerOptions: { maxParamLength: 16_384 },
    genReqId: newRequestId,
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => {
      const code = answerClientError(error, socket);
      if (code !== undefined) onClientError?.(code);
    },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      onFrameworkError(error, request, reply.headers(headersOf(request)));
    },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    logger: false,
  });

const headersOf = (request: FastifyRequest) => ({ 'request-id': request.id, 'cache-control': 'no-store' });

/** Request ids in every answer; gives the routes, remembered as they are added, which tell a wrong method from a wrong path. */
export const rememberRoutes = (app: NestFastifyApplication): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = new RouteTable();
  fastify.addHook('onRoute', ({ method, url }) => {
    routes.add([method].flat(), url);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersOf(request));
    // Before the body is looked at: what is wrong with it does not matter where nothing would read it.
    done(request.is404 ? routes.nothingFor(request.method, request.url) : undefined);
  });
  return routes;
};
