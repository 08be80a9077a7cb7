/** The HTTP server: Stripe's routes and the sandbox's own. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { answerApi } from './api.js';
import { answerControl } from './control.js';
import type { Exchange, ServerOptions } from './exchange.js';
import { sendError } from './exchange.js';
import { Faults } from './faults.js';

const MOST_CONNECTIONS = 4_096;

/** The server, not yet listening. */
export const createSandboxServer = (options: ServerOptions): Server => {
  const faults = new Faults();
  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 120_000, connectionsCheckingInterval: 10_000 },
    (request, response) => {
      const url = request.url ?? '/';
      const mark = url.indexOf('?');
      const exchange: Exchange = {
        request,
        response,
        requestId: options.ids.next('req_', options.clock()),
        path: mark === -1 ? url : url.slice(0, mark),
        query: mark === -1 ? '' : url.slice(mark + 1),
      };
      const answering = exchange.path.startsWith('/sandbox/')
        ? answerControl(options, faults, exchange)
        : answerApi(options, faults, exchange);
      answering.catch((error: unknown) => {
        sendError(exchange, error, options.log);
      });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  return server;
};
