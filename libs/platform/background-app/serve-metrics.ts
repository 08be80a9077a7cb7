import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ConfigurationError } from '../configuration/index.js';
import type { Registry } from '../metrics/index.js';

/** A small HTTP server on loopback. */
export interface MetricsServer {
  port: number;
  close(): Promise<void>;
}

/** Serves `GET /metrics` in the text format of Prometheus, and `GET /healthz`, on `port` of loopback; 0 takes any free one. */
export const serveMetrics = async (registry: Registry, port: number): Promise<MetricsServer> => {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || !['/metrics', '/healthz'].includes(request.url ?? '')) {
      response.writeHead(404).end();
      return;
    }
    const answer = request.url === '/healthz' ? Promise.resolve('ok\n') : registry.metrics();
    answer.then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 5_000;
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ConfigurationError(`METRICS_PORT ${port} cannot be used: ${(error as Error).message}`);
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
