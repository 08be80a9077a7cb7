import type { ServerOptions as SecureServerOptions } from 'node:https';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { newRequestId } from './client-error.js';
import { refusalOfForm } from './hostile-request.js';
import type { ListenerBounds } from './listener.js';
import { boundListener, listenerOptions } from './listener.js';
import { RouteTable } from './route-table.js';
import { securityHeadersOf } from './security-headers.js';

export interface FastifyBounds extends ListenerBounds {
  bodyLimitBytes: number;
  /** What it proves itself with, for TLS; undefined: plain HTTP. */
  tls?: SecureServerOptions | undefined;
  /** Answers what the router refuses before any hook has run, such as a path that is no URL. */
  onFrameworkError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}

/** Fastify with bounds on everything a client can make large, slow or many. */
export const boundedFastify = (bounds: FastifyBounds): FastifyAdapter => {
  const { requestTimeout, keepAliveTimeout, ...http } = listenerOptions(bounds);
  const adapter = new FastifyAdapter({
    bodyLimit: bounds.bodyLimitBytes,
    requestTimeout,
    keepAliveTimeout,
    ...(bounds.tls === undefined ? { http } : { https: { ...bounds.tls, ...http } }),
    // As long as a request line can be: an id of any length just names nothing. No route has a regular expression to fool.
    routerOptions: { maxParamLength: 16_384 },
    genReqId: newRequestId,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      bounds.onFrameworkError(error, request, reply.headers(securityHeadersOf(request)).headers(ownHeaders(request)));
    },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    logger: false,
  });
  const fastify: FastifyInstance = adapter.getInstance();
  boundListener(fastify.server, bounds);
  return adapter;
};

const ownHeaders = ({ id }: FastifyRequest) => ({ 'request-id': id, 'cache-control': 'no-store' });

/**
 * Security headers and request ids in every answer, and an end to what no honest client sends; gives the routes, remembered as they are
 * added, which tell a wrong method from a wrong path.
 */
export const rememberRoutes = (app: NestFastifyApplication): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = new RouteTable();
  fastify.addHook('onRoute', ({ method, url }) => {
    routes.add([method].flat(), url);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeadersOf(request)).headers(ownHeaders(request));
    // Before the body is looked at: what is wrong with it does not matter where nothing would read it.
    done(refusalOfForm(request, reply) ?? (request.is404 ? routes.nothingFor(request.method, request.url) : undefined));
  });
  return routes;
};
