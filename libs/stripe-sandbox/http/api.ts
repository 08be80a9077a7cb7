/** Stripe's own routes: a key, an idempotency key, faults in the way, and the endpoint. */
import type { IncomingMessage } from 'node:http';
import { accountInvalid, serverError, StripeError, unrecognizedUrl } from '../wire/errors.js';
import type { Exchange, ServerOptions } from './exchange.js';
import { headerOf, readBody, sendAnswer } from './exchange.js';
import type { Answer, Call } from './executor.js';
import type { Fault, Faults } from './faults.js';
import { faultError } from './faults.js';
import type { ApiKey } from './keys.js';
import { authenticate, platformOf } from './keys.js';
import { assertPermitted } from './permissions.js';
import { answerCors, assertAllowed, holdsCard } from './publishable.js';

const LONGEST_KEY = 255;

/** Cuts the connection as a network would, with a reset. */
const cut = ({ request }: Exchange): void => {
  request.socket.resetAndDestroy();
};

const later = (delay_ms: number, then: () => void): void => {
  setTimeout(then, delay_ms).unref();
};

const keyOf = (request: IncomingMessage): string | undefined => {
  const key = request.method === 'POST' ? headerOf(request, 'idempotency-key') : undefined;
  if (key === undefined || key.length <= LONGEST_KEY) return key;
  throw new StripeError(
    400,
    { type: 'invalid_request_error', message: `Idempotency keys can have up to ${String(LONGEST_KEY)} characters.` },
    { neverBegan: true },
  );
};

/** The connected account that the request names. Throws account_invalid for one that is not there. */
const accountIn = ({ executor }: ServerOptions, request: IncomingMessage): string | undefined => {
  const id = headerOf(request, 'stripe-account');
  if (id === undefined) return undefined;
  const account = executor.look(undefined, (work) => work.find('account', id));
  if (account && !account.deleted) return id;
  throw accountInvalid();
};

/** Carries `call` out with `fault` in its way. */
const withFault = (options: ServerOptions, faults: Faults, exchange: Exchange, call: Call, fault: Fault): void => {
  const { executor } = options;
  const error = faultError(fault, call.key);
  if (error) throw error;
  const send = (answer: Answer): void => {
    sendAnswer(exchange, answer);
  };
  switch (fault.fault) {
    case 'delay': {
      const release = executor.hold(call.key);
      later(fault.delayMs, () => {
        executor.submit(call, (answer) => {
          release();
          send(answer);
        });
      });
      return;
    }
    case 'timeout_after_effect':
      executor.submit(call, () => {
        later(fault.delayMs, () => {
          cut(exchange);
        });
      });
      return;
    case 'reset':
      if (fault.afterEffect)
        executor.submit(call, () => {
          cut(exchange);
        });
      else cut(exchange);
      return;
    case 'server_error': {
      if (!fault.afterEffect) throw serverError(true);
      let hit = false;
      executor.submit(
        {
          ...call,
          spoil: () => {
            hit = true;
          },
        },
        (answer) => {
          if (!hit) faults.giveBack(fault);
          send(answer);
        },
      );
      return;
    }
    case 'rate_limited':
    case 'conflict':
      return;
  }
};

const apiKeyIn = ({ apiKeys, store }: ServerOptions, request: IncomingMessage): ApiKey =>
  authenticate(headerOf(request, 'authorization'), {
    accepted: apiKeys,
    isRevoked: (digest) => store.isRevoked(digest),
  });

/** Answers a request under `/v1/`. Rejects with the StripeError to send. */
export const answerApi = async (options: ServerOptions, faults: Faults, exchange: Exchange): Promise<void> => {
  const { executor, router } = options;
  const { request, path, query, requestId } = exchange;
  const method = request.method ?? 'GET';
  if (answerCors(request, exchange.response, path)) return;
  const apiKey = apiKeyIn(options, request);
  const platform = platformOf(apiKey);
  exchange.isPublic = apiKey.kind === 'publishable';
  const account = accountIn(options, request);
  assertPermitted(apiKey, method, path, account ?? platform);
  const key = holdsCard(path) ? undefined : keyOf(request);
  const body = method === 'POST' ? await readBody(request) : '';
  if (body === undefined) return;
  const routed = router.find(method, path);
  if (!routed || !path.startsWith('/v1/')) throw unrecognizedUrl(method, path);
  const input = query === '' || body === '' ? query + body : `${query}&${body}`;
  assertAllowed(apiKey, request, path, input);
  const call: Call = { ...routed, path, input, key, requestId, account, platform, isPublic: exchange.isPublic };
  executor.assertFree(key);
  const fault = faults.take(method, path);
  if (fault) withFault(options, faults, exchange, call, fault);
  else {
    executor.submit(call, (answer) => {
      sendAnswer(exchange, answer);
    });
  }
};
