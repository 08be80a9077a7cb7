/**
 * What a browser does with a publishable key: it makes confirmation tokens in the payment form's frame, and sees and confirms an intent
 * whose client secret it has. https://docs.stripe.com/keys#obtain-api-keys
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { forbidden, parameterMissing } from '../wire/errors.js';
import { parseForm } from '../wire/form.js';
import type { ApiKey } from './keys.js';
import { assertSecretKey } from './keys.js';

const TOKENS = '/v1/confirmation_tokens';
const INTENT = /^\/v1\/(payment|setup)_intents\/[^/]+(\/confirm)?$/;

const isIntentRoute = (method: string, path: string): boolean => {
  const match = INTENT.exec(path);
  return match !== null && method === (match[2] === undefined ? 'GET' : 'POST');
};

/** The frames are pages of the sandbox: what they send is from its own origin. */
const assertOwnFrame = ({ headers }: IncomingMessage): void => {
  if (headers.origin !== undefined && headers.origin === `http://${headers.host ?? ''}`) return;
  throw forbidden(
    'Confirmation tokens are made by the payment form of Stripe.js, in a frame of its own origin.',
    'foreign_origin',
  );
};

/** Throws 403 for what a key of this kind cannot do, and a 400 for an intent without its client secret. `input` is form text. */
export const assertAllowed = (key: ApiKey, request: IncomingMessage, path: string, input: string): void => {
  const method = request.method ?? 'GET';
  const makesToken = method === 'POST' && path === TOKENS;
  if (makesToken && key.kind !== 'publishable') {
    throw forbidden(
      'This API call cannot be made with a secret API key. Please use a publishable API key, in the browser.',
      'publishable_key_required',
    );
  }
  if (makesToken) assertOwnFrame(request);
  else if (!isIntentRoute(method, path)) assertSecretKey(key);
  else if (key.kind === 'publishable' && parseForm(input).client_secret === undefined) {
    throw parameterMissing('client_secret');
  }
};

/** Whether the answer to this request is one that nothing is kept of: a card's number was in it. */
export const holdsCard = (path: string): boolean => path === TOKENS;

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const PREFLIGHT_SECONDS = '600';

/** Lets pages of this machine read answers about intents. Gives true where this was only the question whether they may. */
export const answerCors = (request: IncomingMessage, response: ServerResponse, path: string): boolean => {
  const { origin } = request.headers;
  if (origin === undefined || !LOOPBACK.test(origin) || !INTENT.test(path)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'authorization, content-type, stripe-version',
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
  });
  response.end();
  return true;
};
