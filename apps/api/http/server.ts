import { bodyLimitBytes } from '#command-handling';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { acceptJson } from './body-parser.js';
import { problem } from './problem.js';
import { sendProblem } from './problem.filter.js';
import { RouteTable } from './route-table.js';

const newRequestId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

/**
 * Fastify with bounds on everything a client can make large or slow. A whole request, headers and body, must come within
 * `requestTimeoutMs`; a command may then wait for the processor.
 */
export const fastifyAdapter = ({ requestTimeoutMs = 30_000 } = {}): FastifyAdapter =>
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
    clientErrorHandler: answerClientError,
    // What the router refuses before any hook has run, such as a path that is no URL.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply.headers(headersOf(request)), request, error);
    },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    logger: false,
  });

const headersOf = (request: FastifyRequest) => ({ 'request-id': request.id, 'cache-control': 'no-store' });

/** Body parsing and request ids; remembers the routes as they are added, to tell a wrong method from a wrong path. */
export const prepare = (app: NestFastifyApplication): RouteTable => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = new RouteTable();
  acceptJson(fastify);
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

const clientErrors: Record<string, [status: number, code: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'the headers are larger than 16 KiB'],
};

/** Answers what is no HTTP request, or never became one, and hangs up. */
const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = clientErrors[error.code ?? ''] ?? [400, 'malformed_request', 'this is not HTTP/1.1'];
  const requestId = newRequestId();
  const body = JSON.stringify({ ...problem(status, code, detail), requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Request-Id: ${requestId}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};
