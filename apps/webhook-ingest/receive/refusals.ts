import { ProblemError } from '#platform/http';
import type { SignatureFault } from '#processor/stripe/events';

/** The precise code, and one text for all of them. */
export const notVerified = (code: SignatureFault): ProblemError =>
  new ProblemError(400, code, 'this is not a delivery that a secret of this endpoint verifies');

export const bodyInvalid = (): ProblemError =>
  new ProblemError(400, 'webhook_body_invalid', 'the body is verified, but it is no event');

export const cardNumberRefused = (): ProblemError =>
  new ProblemError(422, 'raw_card_data', 'the body is verified, but what it calls itself looks like a card number');

export const accountMismatch = (): ProblemError =>
  new ProblemError(
    400,
    'webhook_account_mismatch',
    'the event is verified, but it is not of an account whose events come to this endpoint',
  );

export const endpointUnknown = (): ProblemError =>
  new ProblemError(
    404,
    'webhook_endpoint_unknown',
    'webhooks are taken at /webhooks/stripe, /webhooks/stripe/connect and /webhooks/stripe/acct_...',
  );

/** Stripe sends a delivery again for three days: later is better than never. */
const later = (code: string, detail: string, seconds: number): ProblemError =>
  new ProblemError(503, code, detail, {}, { 'retry-after': String(seconds) });

export const secretMissing = (): ProblemError =>
  later('webhook_secret_missing', 'no secret of this endpoint is stored: billing secrets set', 60);

export const storeUnavailable = (): ProblemError =>
  later('store_unavailable', 'the event cannot be stored now; send it again', 5);

export const keysUnavailable = (): ProblemError =>
  later('key_management_unavailable', 'the event cannot be sealed now; send it again', 5);

export const overloaded = (): ProblemError =>
  later('overloaded', 'too many deliveries wait to be stored; send it again', 1);
