import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

import { acceptJson, bodyLimitBytes } from './body-parser.js';
import { RouteTable } from './route-table.js';

/** Fastify with bounds on everything a client can make large or slow. */
export const fastifyAdapter = (): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    // A whole request, headers and body, within this time; a command may then wait for the processor.
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 0,
    routerOptions: { maxParamLength: 100 },
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    logger: false,
  });

/** Body parsing and request ids; remembers the routes as they are added, to tell a wrong method from a wrong path. */
export const prepare = (app: NestFastifyApplication): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = new RouteTable();
  acceptJson(fastify);
  fastify.addHook('onRoute', ({ method, url }) => {
    routes.add([method].flat(), url);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('request-id', request.id);
    reply.header('cache-control', 'no-store');
    done();
  });
  return routes;
};
