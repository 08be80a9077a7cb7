/** The sandbox's own routes, beside Stripe's: JSON in, JSON out, no key. */
import type { IncomingMessage } from 'node:http';
import type { Answer, Call } from './executor.js';
import type { Faults } from './faults.js';
import { parseFault } from './faults.js';
import type { Exchange, ServerOptions } from './exchange.js';
import { readBody, sendAnswer } from './exchange.js';
import { controlKeys } from './key-control.js';
import { recordGivenEvent } from './given-events.js';
import { controlWebhooks } from './webhook-control.js';
import { completeAuthentication, sendAuthenticationPage } from './three-d-secure.js';
import { forbidden, invalidParameter, unrecognizedUrl } from '../wire/errors.js';
import type { Form } from '../wire/form.js';
import { parseJson } from '../wire/json.js';

/** A flat JSON object as the form that endpoints read. */
const formOf = (value: unknown): Form => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParameter('body', 'The body must be a JSON object.');
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, String(each)]));
};

const json = (value: unknown): Answer => ({ status: 200, body: JSON.stringify(value) });

/** Everything that is due, now or later, in steps of a hundred. */
const settleAll = ({ executor }: ServerOptions): number => {
  const MOST_STEPS = 100;
  let settled = 0;
  for (let step = 0; step < MOST_STEPS; step++) {
    const count = executor.settle(Number.MAX_SAFE_INTEGER);
    settled += count;
    if (count === 0) break;
  }
  return settled;
};

/**
 * Refuses what a web page in the developer's browser could send here: these routes take no key. A page of another origin names it, and
 * one that had its own name point at loopback is named by the Host header.
 */
const assertNotForeignPage = (request: IncomingMessage): void => {
  const { host = '', origin } = request.headers;
  const isLoopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  if (!isLoopback || (origin !== undefined && origin !== `http://${host}`)) {
    throw forbidden(
      "The sandbox's own routes answer programs of this machine, and no other site's pages.",
      'foreign_origin',
    );
  }
};

export const answerControl = async (options: ServerOptions, faults: Faults, exchange: Exchange): Promise<void> => {
  const { request, path, query, requestId } = exchange;
  assertNotForeignPage(request);
  const method = request.method ?? 'GET';
  const text = method === 'POST' ? await readBody(request) : '';
  if (text === undefined) return;
  if (path.startsWith('/sandbox/3ds/')) {
    if (method === 'POST') completeAuthentication(options, exchange, text);
    else sendAuthenticationPage(options, exchange);
    return;
  }
  if (path === '/sandbox/webhooks') {
    const answer = controlWebhooks(options, method, query, method === 'POST' ? parseJson(text) : undefined);
    if (answer === undefined) throw unrecognizedUrl(method, path);
    sendAnswer(exchange, json(answer));
    return;
  }
  if (path === '/sandbox/keys') {
    const answer = controlKeys(options.store, method, method === 'POST' ? parseJson(text) : undefined);
    if (answer === undefined) throw unrecognizedUrl(method, path);
    sendAnswer(exchange, json(answer));
    return;
  }
  switch (`${method} ${path}`) {
    case 'POST /sandbox/faults':
      sendAnswer(exchange, json(faults.arm(parseFault(parseJson(text)))));
      return;
    case 'GET /sandbox/faults':
      sendAnswer(exchange, json({ data: faults.list() }));
      return;
    case 'DELETE /sandbox/faults':
      faults.clear();
      sendAnswer(exchange, json({ data: [] }));
      return;
    case 'POST /sandbox/events':
      sendAnswer(exchange, json(recordGivenEvent(options, parseJson(text))));
      return;
    case 'POST /sandbox/settle':
      sendAnswer(exchange, json({ settled: settleAll(options) }));
      return;
    default: {
      const routed = options.router.find(method, path);
      if (!routed) throw unrecognizedUrl(method, path);
      const input = method === 'POST' ? formOf(parseJson(text)) : query;
      const call: Call = { ...routed, path, input, key: undefined, requestId };
      options.executor.submit(call, (answer) => {
        sendAnswer(exchange, answer);
      });
    }
  }
};
