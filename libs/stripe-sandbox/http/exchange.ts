/** Requests and answers on the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_VERSION } from '../objects/present.js';
import type { IdFactory } from '../state/ids.js';
import { publicView } from '../objects/public-view.js';
import { bodyTooLarge, errorBody, serverError, StripeError } from '../wire/errors.js';
import type { Answer, Executor, Log } from './executor.js';
import type { Router } from './router.js';
import type { WebhookControlOptions } from './webhook-control.js';

const MOST_BYTES = 1024 * 1024;

export interface ServerOptions extends WebhookControlOptions {
  executor: Executor;
  router: Router;
  ids: IdFactory;
  /** Empty: any test key is good. */
  apiKeys: ReadonlySet<string>;
  log: Log;
}

/** One request on its way. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  path: string;
  query: string;
  /** The answer goes to a browser. */
  isPublic?: boolean;
}

export const headerOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Reads the body. Throws the 413 of a body over 1 MiB; gives undefined when the client went away. */
export const readBody = (request: IncomingMessage): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
      else reject(bodyTooLarge(MOST_BYTES));
    });
    request.on('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8'));
    });
    request.on('close', () => {
      resolve(undefined);
    });
    request.on('error', () => {
      resolve(undefined);
    });
  });

export const sendAnswer = ({ request, response, requestId, isPublic }: Exchange, answer: Answer): void => {
  if (response.destroyed) return;
  const body = isPublic ? JSON.stringify(publicView(JSON.parse(answer.body))) : answer.body;
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Request-Id': requestId,
    'Stripe-Version': headerOf(request, 'stripe-version') ?? API_VERSION,
  };
  const key = headerOf(request, 'idempotency-key');
  if (key !== undefined && request.method === 'POST') headers['Idempotency-Key'] = key;
  if (answer.replayOf !== undefined) {
    headers['Idempotent-Replayed'] = 'true';
    headers['Original-Request'] = answer.replayOf;
  }
  if (answer.status === 401) headers['WWW-Authenticate'] = 'Basic realm="Stripe"';
  // Whatever is left of a body that is too large is not read.
  if (answer.status === 413) headers.Connection = 'close';
  response.writeHead(answer.status, headers);
  response.end(body);
};

export const sendError = (exchange: Exchange, error: unknown, log: Log): void => {
  if (!(error instanceof StripeError)) log('a request failed', { requestId: exchange.requestId, error });
  const { status, details } = error instanceof StripeError ? error : serverError(true);
  sendAnswer(exchange, { status, body: errorBody(details, exchange.requestId) });
};
