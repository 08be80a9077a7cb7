/** The HTTP server: Stripe's routes and the sandbox's own. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { answerApi } from './api.js';
import { BROWSER_PATH, sendBrowserFile } from './browser-files.js';
import { answerControl } from './control.js';
import type { Exchange, ServerOptions } from './exchange.js';
import { sendError } from './exchange.js';
import { Faults } from './faults.js';

const MOST_CONNECTIONS = 4_096;

const answer = async (options: ServerOptions, faults: Faults, exchange: Exchange): Promise<void> => {
  if (exchange.path.startsWith(BROWSER_PATH)) sendBrowserFile(exchange);
  else if (exchange.path.startsWith('/sandbox/')) await answerControl(options, faults, exchange);
  else await answerApi(options, faults, exchange);
};

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
      answer(options, faults, exchange).catch((error: unknown) => {
        sendError(exchange, error, options.log);
      });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  return server;
};
