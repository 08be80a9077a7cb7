import type { Socket } from 'node:net';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { ProblemError } from './problem.js';

/** Node keeps the first 2,000 and drops the rest without a word; nobody sends a hundred. */
const maxHeaders = 100;
/** RFC 9110, section 4.1: at least 8,000 should be taken. */
const maxUrlLength = 8_192;
/** Requests that wait behind another one of their connection at once at most. */
const maxWaiting = 64;

const waiting = new WeakMap<Socket, number>();

/**
 * Why a request is turned away by its form alone, before anything is done for it; undefined where there is no reason. Its connection is
 * closed: who knows what else comes.
 */
export const refusalOfForm = (request: FastifyRequest, reply: FastifyReply): ProblemError | undefined => {
  const { socket } = request.raw;
  const refusal = ended.has(socket)
    ? new ProblemError(400, 'malformed_request', 'the connection ended with a request before this one')
    : (wrongForm(request) ?? (reply.raw.socket ? undefined : refusalOfWaiting(socket, reply)));
  if (refusal) endConnection(request, reply);
  return refusal;
};

/** Connections that end with an answer. What came behind it, in the same packet perhaps, Node reads all the same and hands on. */
const ended = new WeakSet<Socket>();

/** Ends the connection of a request with its answer: nothing that comes behind it is done. */
export const endConnection = ({ raw }: FastifyRequest, reply: FastifyReply): void => {
  ended.add(raw.socket);
  reply.header('connection', 'close');
};

const wrongForm = ({ raw, url }: FastifyRequest): ProblemError | undefined => {
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = raw;
  if (httpVersionMajor !== 1) return new ProblemError(400, 'malformed_request', 'this is not HTTP/1.1');
  if (rawHeaders.length > 2 * maxHeaders)
    return new ProblemError(431, 'too_many_headers', `a request has at most ${maxHeaders} headers`);
  if (url.length > maxUrlLength)
    return new ProblemError(414, 'url_too_long', `a URL has at most ${maxUrlLength} characters`);
  return wrongHeaders(rawHeaders, httpVersionMinor > 0);
};

/**
 * Headers that a request has once or not at all, each with a bit of its own. Of two of them Node keeps the first, joins both or keeps a list,
 * where a proxy may have gone by the last (RFC 9110, section 5.3). Not here: what may come in several lines, such as `Prefer` (RFC 7240).
 */
const single: ReadonlyMap<string, number> = new Map(
  [
    'host',
    'authorization',
    'content-type',
    'content-length',
    'idempotency-key',
    'billing-tenant',
    'billing-reason',
    'billing-min-position',
    'last-event-id',
  ].map((name, at) => [name, 1 << at]),
);
const host = single.get('host') ?? 0;

/** RFC 9112, section 3.2: a request of HTTP/1.1 has a Host. */
const wrongHeaders = (rawHeaders: readonly string[], needsHost: boolean): ProblemError | undefined => {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const bit = single.get(name.toLowerCase());
    if (bit === undefined) continue;
    if ((seen & bit) !== 0)
      return new ProblemError(400, 'malformed_request', `a request has one ${name} header at most`, { field: name });
    seen |= bit;
  }
  if (needsHost && (seen & host) === 0)
    return new ProblemError(400, 'malformed_request', 'a request has a Host header');
  return undefined;
};

/**
 * By pipelining one connection can have any number of requests under way, which Node takes as fast as they come while none is
 * answered. Those whose answer has no socket yet wait behind another one: they are counted, and none beyond the bound reaches the work.
 */
const refusalOfWaiting = (socket: Socket, reply: FastifyReply): ProblemError | undefined => {
  const before = waiting.get(socket) ?? 0;
  if (before >= maxWaiting)
    return new ProblemError(
      429,
      'too_many_waiting',
      `at most ${maxWaiting} requests wait on one connection`,
      {},
      later,
    );
  waiting.set(socket, before + 1);
  reply.raw.once('finish', () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
  });
  return undefined;
};

const later = { 'retry-after': '1' };
