/** The payment method that a request gives an intent: by id, by test token, or in place. */
import { methodTypesOf } from '../objects/intents.js';
import { assertUsableBy, newPaymentMethod, resolvePaymentMethod } from '../payments/payment-methods.js';
import type { IntentRecord, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused } from '../wire/errors.js';
import type { Shipping } from '../wire/params.js';
import { spendConfirmationToken } from '../payments/confirmation-tokens.js';
import { bankFactsIn, testAccountIn } from './bank-accounts.js';
import type { methodData } from './intent-params.js';

type MethodData = ReturnType<typeof methodData>;

/** The payment method that `payment_method_data` describes. */
const methodFromData = (work: Work, data: MethodData): PaymentMethodRecord => {
  const bank = data.us_bank_account;
  return work.save(
    'payment_method',
    newPaymentMethod(work, data.type, testAccountIn(bank), {
      metadata: data.metadata ?? {},
      billing_details: data.billing_details,
      allow_redisplay: data.allow_redisplay,
      ...bankFactsIn(bank),
    }),
  );
};

/** What a confirmation token can say in the place of a parameter. */
interface SaidByToken {
  payment_method?: string;
  return_url?: string;
  setup_future_usage?: 'off_session' | 'on_session' | null;
  shipping?: Shipping | null;
  use_stripe_sdk?: boolean;
}

const OWN = ['payment_method', 'payment_method_data'] as const;

/**
 * `params` of a confirmation, with what its confirmation token says of what they leave out. The token is spent: as long as the request
 * comes to something.
 */
export const withConfirmationToken = <
  P extends SaidByToken & { confirmation_token?: string; payment_method_data?: unknown },
>(
  work: Work,
  params: P,
  kind: 'payment_intent' | 'setup_intent',
  intentId: string,
): P => {
  if (params.confirmation_token === undefined) return params;
  const both = OWN.find((name) => params[name] !== undefined);
  if (both !== undefined) {
    throw invalidParameter(
      both,
      `You may only specify one of these parameters: confirmation_token, ${both}.`,
      'parameters_exclusive',
    );
  }
  const { method, token } = spendConfirmationToken(work, params.confirmation_token, kind, intentId);
  const { return_url, shipping, use_stripe_sdk } = token;
  const usage = token.setup_future_usage === 'on_session' ? 'on_session' : 'off_session';
  return {
    ...(return_url !== undefined && { return_url }),
    ...(shipping !== undefined && kind === 'payment_intent' && { shipping }),
    ...(token.setup_future_usage !== undefined && kind === 'payment_intent' && { setup_future_usage: usage }),
    ...(use_stripe_sdk && { use_stripe_sdk }),
    ...params,
    payment_method: method.id,
  };
};

/** Undefined when the request gives none. Throws when `customer` cannot pay with it. */
export const methodGiven = (
  work: Work,
  params: { payment_method?: string; payment_method_data?: MethodData },
  customer: string | undefined,
): PaymentMethodRecord | undefined => {
  if (params.payment_method_data !== undefined && params.payment_method !== undefined) {
    throw invalidParameter(
      'payment_method_data',
      'You may only specify one of these parameters: payment_method, payment_method_data.',
      'parameters_exclusive',
    );
  }
  if (params.payment_method_data !== undefined) return methodFromData(work, params.payment_method_data);
  if (params.payment_method === undefined) return undefined;
  const method = resolvePaymentMethod(work, params.payment_method);
  assertUsableBy(method, customer);
  return method;
};

/** Throws, with `code`, unless `intent` takes methods of this type. */
export const assertTypeAllowed = (
  intent: IntentRecord,
  method: PaymentMethodRecord,
  code = 'payment_intent_incompatible_payment_method',
): void => {
  const types = methodTypesOf(intent);
  if (types.includes(method.type)) return;
  throw refused(
    `The PaymentMethod provided (${method.type}) is not allowed for this intent. Please attach a PaymentMethod of one of the ` +
      `following types: ${types.join(', ')}.`,
    code,
    'payment_method',
  );
};
