import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { unusablePort } from '../configuration/index.js';
import { onceASecond } from '../http/once-a-second.js';
import type { Registry } from '../metrics/index.js';
import type { Warning } from '../warnings/index.js';
import { Warnings } from '../warnings/index.js';

/** A small HTTP server on loopback. */
export interface MetricsServer {
  port: number;
  close(): Promise<void>;
}

/** What an app tells of itself. */
export interface Told {
  metrics: Registry;
  warnings?: Warnings;
  /** Rejects while the app cannot do its work. */
  isReady?: () => Promise<unknown>;
}

type Answer = { status: number; type: string; body: string };

/**
 * Serves `GET /metrics` in the text format of Prometheus, `GET /healthz`, and `GET /readyz` as the api answers it, on `port` of loopback;
 * 0 takes any free one. Throws ConfigurationError for a port that cannot be listened on.
 */
export const serveMetrics = async (told: Told, port: number): Promise<MetricsServer> => {
  const routes = routesOf(told);
  const server = createServer((request, response) => {
    const route = request.method === 'GET' ? routes[request.url ?? ''] : undefined;
    if (!route) {
      response.writeHead(404).end();
      return;
    }
    route().then(
      (answer) => {
        send(response, answer);
      },
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 5_000;
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw unusablePort('METRICS_PORT', port, error);
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** With what there is to say about it. */
const notReady = (warnings: readonly Warning[]): object =>
  warnings.length === 0 ? { status: 'not_ready' } : { status: 'not_ready', warnings };

const routesOf = ({ metrics, warnings = new Warnings(), isReady = () => Promise.resolve() }: Told) => {
  const text = (body: string): Answer => ({ status: 200, type: metrics.contentType, body });
  const json = (status: number, value: unknown): Answer => ({
    status,
    type: 'application/json',
    body: JSON.stringify(value),
  });
  const asked = onceASecond(isReady);
  const routes: Record<string, (() => Promise<Answer>) | undefined> = {
    '/healthz': () => Promise.resolve(text('ok\n')),
    '/metrics': async () => text(await metrics.metrics()),
    '/readyz': () =>
      asked().then(
        () => json(200, warnings.readiness()),
        () => json(503, notReady(warnings.list())),
      ),
  };
  return routes;
};

const send = (response: ServerResponse, { status, type, body }: Answer): void => {
  response.writeHead(status, { 'content-type': type }).end(body);
};
