import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

import { answerClientError } from './client-error.js';

/** What a client of a listener can make large, slow or many. */
export interface ListenerBounds {
  /** Within which a whole request, headers and body, must come. What is done with it may take longer. */
  requestTimeoutMs: number;
  /** Connections at once at most; the next one is closed. */
  maxConnections: number;
  /**
   * A connection on which nothing moves for so long while an answer is due, or is not taken, is cut off. Default 90,000: no handler is
   * silent for longer, and streams of events have heartbeats.
   */
  stalledMs?: number;
  /** Told the code of what answered a request that never became one, such as `request_timeout`. */
  onClientError?: (code: string) => void;
}

/** Longer than the headers of an honest request ever take. */
const maxHeadersTimeoutMs = 10_000;
const keepAliveTimeoutMs = 72_000;
const maxHeaderBytes = 16_384;

/** What `http.createServer` or `https.createServer` has to be given. */
export const listenerOptions = ({ requestTimeoutMs }: ListenerBounds): ServerOptions => ({
  requestTimeout: requestTimeoutMs,
  headersTimeout: Math.min(maxHeadersTimeoutMs, requestTimeoutMs),
  // How exactly Node keeps these times; by itself it looks every 30 seconds.
  connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
  keepAliveTimeout: keepAliveTimeoutMs,
  maxHeaderSize: maxHeaderBytes,
  // refusalOfForm does, with an answer that says so.
  requireHostHeader: false,
  insecureHTTPParser: false,
});

/** The bounds of a server that was made with `listenerOptions`, and its answer to what is no HTTP. */
export const boundListener = (server: Server, bounds: ListenerBounds): void => {
  const { maxConnections, stalledMs = 90_000, onClientError } = bounds;
  server.maxConnections = maxConnections;
  server.timeout = stalledMs;
  server.removeAllListeners('clientError'); // Fastify's own, which says nothing of what is wrong
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code = answerClientError(error, socket as Socket);
    if (code !== undefined) onClientError?.(code);
  });
};
