import Stripe from 'stripe';

import { LookupRefused, OutcomeUnknown, ProcessorUnavailable } from '../errors.js';
import type { Declined, Rejected } from '../port.js';
import { codeOf } from './client.js';
import { paymentOf } from './payment.js';

/** The connection never came about, so nothing was sent. */
const neverConnected =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|DEPTH_ZERO_|SELF_SIGNED|ERR_TLS)/;

/** A code of ours to show: Stripe's, or else the kind of error. Never its message, which may quote an id or an address. */
const codeFrom = (error: Stripe.errors.StripeError): string => error.code ?? error.rawType ?? 'processor_error';

const retryAfterMs = (error: Stripe.errors.StripeError): number | undefined => {
  const seconds = Number(error.headers?.['retry-after']);
  return seconds > 0 && seconds <= 3_600 ? seconds * 1_000 : undefined;
};

/** What an error of the library means: an outcome, or an error to throw. Anything else is a bug of ours and stays as it is. */
export type Meaning = Declined | Rejected | ProcessorUnavailable | OutcomeUnknown | { bug: unknown };

/**
 * Whether the key may not do this, which Stripe tells as a 403 without a code of its own ("does not have the required permissions for this
 * endpoint"). That a connected account is not there, or not ours, is a 403 too, by this one code.
 */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripePermissionError && error.code !== 'account_invalid';

/**
 * Stripe's errors as outcomes, after docs.stripe.com/error-low-level: 402 is a decline; 409 and 429 were not executed, nor was
 * a call without a connection or with a key that is wrong (401) or may not do this (403): that says nothing of an earlier sending;
 * time-outs, broken connections, 5xx and 424 may have been executed; every other 4xx was executed and refused. A key that was used
 * for another request (idempotency_error) says that *something* was executed under it.
 */
export const meaningOf = (error: unknown): Meaning => {
  if (!(error instanceof Stripe.errors.StripeError)) return { bug: error };
  const { requestId, statusCode: status } = error;
  const stored = error.headers?.['idempotent-replayed'] === 'true';
  if (error instanceof Stripe.errors.StripeConnectionError) return connectionMeaning(error);
  if (error.rawType === 'idempotency_error' && status !== 409) {
    return new OutcomeUnknown('idempotency_error', { stored: true, requestId });
  }
  if (status === undefined) return new OutcomeUnknown('unreadable_answer', { stored: false, requestId });
  if (status >= 500 || status === 424) return new OutcomeUnknown(`http_${status}`, { stored, requestId });
  if (status === 401) return new ProcessorUnavailable('api_key_refused', { sick: true, requestId });
  // Only this kind of call, and only until the key may: nobody else has to wait.
  if (isForbidden(error)) {
    return new ProcessorUnavailable('api_key_forbidden', { sick: false, retryAfterMs: 0, requestId });
  }
  if (status === 409 || status === 429 || error.code === 'rate_limit' || error.code === 'lock_timeout') {
    return new ProcessorUnavailable(codeFrom(error), { sick: false, retryAfterMs: retryAfterMs(error), requestId });
  }
  const code = codeFrom(error);
  if (status === 402) {
    return {
      outcome: 'declined',
      code,
      declineCode: error.decline_code,
      processorPaymentId: error.payment_intent?.id,
    };
  }
  return { outcome: 'rejected', code, payment: error.payment_intent && paymentOf(error.payment_intent) };
};

const connectionMeaning = (error: Stripe.errors.StripeConnectionError): ProcessorUnavailable | OutcomeUnknown => {
  const code = codeOf(error.detail) ?? 'connection_failed';
  if (neverConnected.test(code)) return new ProcessorUnavailable(code, { sick: true });
  return new OutcomeUnknown(code, { stored: false, requestId: error.requestId });
};

/** The outcome that an operation's error means. Throws ProcessorUnavailable, OutcomeUnknown, or the bug. */
export const failedOutcome = (error: unknown): Declined | Rejected => {
  const meaning = meaningOf(error);
  if ('bug' in meaning) throw meaning.bug;
  if (meaning instanceof Error) throw meaning;
  return meaning;
};

/** What a failed look-up gives: undefined where there is no such object. Throws like an operation, or LookupRefused. */
export const failedLookup = (error: unknown): undefined => {
  const meaning = failedOutcome(error);
  if (meaning.code === 'resource_missing') return undefined;
  throw new LookupRefused(meaning.code, error instanceof Stripe.errors.StripeError ? error.requestId : undefined);
};
