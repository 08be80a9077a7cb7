/**
 * Errors as Stripe answers them: an `error` object with `type`, and where they apply `code`, `decline_code`, `param`.
 * https://docs.stripe.com/api/errors
 */

export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

/** The `error` object of an answer, without what is added when it is sent (`doc_url`, `request_log_url`). */
export interface ErrorDetails {
  type: ErrorType;
  message: string;
  code?: string;
  decline_code?: string;
  advice_code?: string;
  network_decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
}

export class StripeError extends Error {
  constructor(
    /** HTTP status, 400 to 599. */
    readonly status: number,
    readonly details: ErrorDetails,
    readonly options: {
      /** What the request changed stays: a declined charge is a failed charge, not nothing. */
      keepsEffects?: boolean;
      /** The endpoint never began, so the answer is not kept under the idempotency key. */
      neverBegan?: boolean;
    } = {},
  ) {
    super(details.message);
  }
}

const invalid = (
  message: string,
  more: { code?: string; param?: string; status?: number; neverBegan?: boolean } = {},
): StripeError => {
  const { status = 400, neverBegan = false, ...details } = more;
  return new StripeError(status, { type: 'invalid_request_error', message, ...details }, { neverBegan });
};

/** A parameter that the endpoint does not take, or with a value it cannot take. Found before the endpoint begins. */
export const invalidParameter = (param: string, message: string, code?: string): StripeError =>
  invalid(message, { param, neverBegan: true, ...(code && { code }) });

export const parameterUnknown = (param: string): StripeError =>
  invalidParameter(param, `Received unknown parameter: ${param}`, 'parameter_unknown');

export const parameterMissing = (param: string): StripeError =>
  invalidParameter(param, `Missing required param: ${param}.`, 'parameter_missing');

export const parameterEmpty = (param: string): StripeError =>
  invalidParameter(
    param,
    `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however ` +
      `'${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
    'parameter_invalid_empty',
  );

/** A request that the endpoint refuses once it has begun: kept under the idempotency key. */
export const refused = (message: string, code?: string, param?: string): StripeError =>
  invalid(message, { ...(code && { code }), ...(param && { param }) });

const wordsFor: Readonly<Record<string, string>> = {
  payment_method: 'PaymentMethod',
  setup_intent: 'setupintent',
  confirmation_token: 'confirmationtoken',
  balance_transaction: 'balance transaction',
  webhook_endpoint: 'webhook endpoint',
  early_fraud_warning: 'early fraud warning',
};

/** 404 for the object in the path; 400 where the parameter `param` names it. `kind` is the API's word, `payment_intent`. */
export const resourceMissing = (kind: string, id: string, param = 'id'): StripeError =>
  invalid(`No such ${wordsFor[kind] ?? kind}: '${id.slice(0, 80)}'`, {
    code: 'resource_missing',
    param,
    status: param === 'id' ? 404 : 400,
  });

export const unrecognizedUrl = (method: string, path: string): StripeError =>
  invalid(
    `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    { status: 404, neverBegan: true },
  );

export const unauthorized = (message: string, code?: string): StripeError =>
  invalid(message, { status: 401, neverBegan: true, ...(code && { code }) });

export const forbidden = (message: string, code?: string): StripeError =>
  invalid(message, { status: 403, neverBegan: true, ...(code && { code }) });

/** Of an account that is not there, or not a connected one of whose key it is: Stripe does not tell which. */
export const accountInvalid = (): StripeError =>
  forbidden(
    'The provided key does not have access to the account (or that account does not exist). Application access may have been revoked.',
    'account_invalid',
  );

export const bodyTooLarge = (limit: number): StripeError =>
  invalid(`The request body must be no larger than ${String(limit)} bytes.`, { status: 413, neverBegan: true });

export const rateLimited = (): StripeError =>
  invalid('Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.', {
    status: 429,
    code: 'rate_limit',
    neverBegan: true,
  });

export const lockTimeout = (): StripeError =>
  invalid(
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. ' +
      'If you see this error intermittently, retry the request.',
    { status: 409, code: 'lock_timeout', neverBegan: true },
  );

export const keyInUse = (key: string): StripeError =>
  new StripeError(
    409,
    {
      type: 'idempotency_error',
      code: 'idempotency_key_in_use',
      message:
        `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, ` +
        `and the other request is still going through): ${key}. Please try again later.`,
    },
    { neverBegan: true },
  );

export const keyMisused = (key: string): StripeError =>
  new StripeError(
    400,
    {
      type: 'idempotency_error',
      message:
        `Keys for idempotent requests can only be used with the same parameters and the same endpoint they were first used ` +
        `with. Try using a key other than '${key}' if you meant to execute a different request.`,
    },
    { neverBegan: true },
  );

/** Stripe's own failure. `neverBegan` says that nothing was done, so that the same key may be tried again. */
export const serverError = (neverBegan: boolean): StripeError =>
  new StripeError(
    500,
    { type: 'api_error', message: 'An unknown error occurred. Please try again, or contact support@stripe.com.' },
    { neverBegan },
  );

/** The text of an error answer. `requestId` is of the request that ran into it. */
export const errorBody = (details: ErrorDetails, requestId: string): string =>
  JSON.stringify({
    error: {
      ...details,
      ...(details.code && { doc_url: `https://stripe.com/docs/error-codes/${details.code.replaceAll('_', '-')}` }),
      request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
    },
  });
