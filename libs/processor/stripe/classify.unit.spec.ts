import Stripe from 'stripe';

import { LookupRefused, OutcomeUnknown, ProcessorUnavailable } from '../errors.js';
import { failedLookup, failedOutcome, meaningOf } from './classify.js';

type Raw = Parameters<typeof Stripe.errors.generateV1Error>[0];

const answered = (statusCode: number, more: Partial<Raw> = {}, headers: Record<string, string> = {}) =>
  Stripe.errors.generateV1Error({
    type: 'invalid_request_error',
    message: 'about card 4242424242424242',
    ...more,
    statusCode,
    headers,
    requestId: 'req_1',
  });

const disconnected = (code: string) =>
  new Stripe.errors.StripeConnectionError({
    message: 'no connection',
    detail: Object.assign(new Error('broken'), { code }),
  });

describe('what an error of the library means', () => {
  it.each<[string, unknown, object]>([
    [
      'a decline',
      answered(402, { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds' }),
      { outcome: 'declined', code: 'card_declined', declineCode: 'insufficient_funds' },
    ],
    ['a decline without a code', answered(402, { type: 'card_error' }), { outcome: 'declined', code: 'card_error' }],
    [
      'a wrong parameter',
      answered(400, { code: 'parameter_invalid' }),
      { outcome: 'rejected', code: 'parameter_invalid' },
    ],
    ['an unknown id', answered(404, { code: 'resource_missing' }), { outcome: 'rejected', code: 'resource_missing' }],
    [
      'a connected account that is not ours',
      answered(403, { code: 'account_invalid' }),
      { outcome: 'rejected', code: 'account_invalid' },
    ],
  ])('%s was executed and ends the attempt', (_, error, outcome) => {
    expect(meaningOf(error)).toMatchObject(outcome);
  });

  it.each<[string, unknown, string, boolean]>([
    ['too many requests', answered(429, { code: 'rate_limit' }), 'rate_limit', false],
    ['too many requests, as a 400', answered(400, { code: 'rate_limit' }), 'rate_limit', false],
    ['a lock that is held', answered(429, { code: 'lock_timeout' }), 'lock_timeout', false],
    [
      'a key in use',
      answered(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }),
      'idempotency_key_in_use',
      false,
    ],
    ['a refused api key', answered(401), 'api_key_refused', true],
    ['a key that may not do this', answered(403), 'api_key_forbidden', false],
    ['a publishable key', answered(403, { code: 'secret_key_required' }), 'api_key_forbidden', false],
    ['nobody listening', disconnected('ECONNREFUSED'), 'ECONNREFUSED', true],
    ['an unknown host', disconnected('ENOTFOUND'), 'ENOTFOUND', true],
    [
      'a certificate that is not trusted',
      disconnected('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      true,
    ],
  ])('%s was not executed', (_, error, reason, sick) => {
    const meaning = meaningOf(error);
    expect(meaning).toBeInstanceOf(ProcessorUnavailable);
    expect(meaning).toMatchObject({ reason, options: { sick } });
  });

  it.each<[string, unknown, string, boolean]>([
    ['a 500', answered(500, { type: 'api_error' }), 'http_500', false],
    ['a stored 500', answered(500, { type: 'api_error' }, { 'idempotent-replayed': 'true' }), 'http_500', true],
    ['a failed dependency', answered(424), 'http_424', false],
    ['a time-out', disconnected('ETIMEDOUT'), 'ETIMEDOUT', false],
    ['a closed connection', disconnected('closed (ECONNRESET)'), 'closed (ECONNRESET)', false],
    ['a key used for another request', answered(400, { type: 'idempotency_error' }), 'idempotency_error', true],
    ['an unreadable answer', new Stripe.errors.StripeAPIError({ message: 'Invalid JSON' }), 'unreadable_answer', false],
  ])('%s may have been executed', (_, error, reason, stored) => {
    const meaning = meaningOf(error);
    expect(meaning).toBeInstanceOf(OutcomeUnknown);
    expect(meaning).toMatchObject({ reason, options: { stored } });
  });

  it('keeps how long Stripe asks to wait, within reason', () => {
    const waits = (seconds: string) => meaningOf(answered(429, {}, { 'retry-after': seconds }));
    expect(waits('7')).toMatchObject({ options: { retryAfterMs: 7_000 } });
    for (const senseless of ['', '-1', 'soon', '9999999']) {
      expect(waits(senseless)).toMatchObject({ options: { retryAfterMs: undefined } });
    }
  });

  it('shows the payment as it stands when Stripe refuses an operation on it', () => {
    const payment_intent = { id: 'pi_1', status: 'canceled', amount_received: 0, currency: 'usd', latest_charge: null };
    const error = answered(400, { code: 'payment_intent_unexpected_state', payment_intent } as unknown as Partial<Raw>);
    expect(meaningOf(error)).toMatchObject({ outcome: 'rejected', payment: { status: 'canceled' } });
  });

  it('carries no message of Stripe: it may quote what must not be logged', () => {
    for (const error of [answered(402), answered(429), answered(500), answered(401)]) {
      const meaning = meaningOf(error);
      const text = meaning instanceof Error ? meaning.message : '';
      expect(text + JSON.stringify(meaning)).not.toContain('4242');
    }
  });

  it('is nothing for a bug of our own: it stays what it is', () => {
    const bug = new TypeError('undefined is not a function');
    expect(() => failedOutcome(bug)).toThrow(bug);
  });
});

describe('a look-up that fails', () => {
  it('finds nothing where there is no such object', () => {
    expect(failedLookup(answered(404, { code: 'resource_missing' }))).toBeUndefined();
  });
  it('throws for a request that is refused, and like an operation for all else', () => {
    expect(() => failedLookup(answered(400, { code: 'parameter_unknown' }))).toThrow(LookupRefused);
    expect(() => failedLookup(answered(500))).toThrow(OutcomeUnknown);
  });
});
