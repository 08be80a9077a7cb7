/** The payment method that a request gives an intent: by id, by test token, or in place. */
import { methodTypesOf } from '../objects/intents.js';
import { assertUsableBy, newPaymentMethod, resolvePaymentMethod } from '../payments/payment-methods.js';
import type { IntentRecord, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused } from '../wire/errors.js';
import type { methodData } from './intent-params.js';

type MethodData = ReturnType<typeof methodData>;

/** The payment method that `payment_method_data` describes. */
const methodFromData = (work: Work, data: MethodData): PaymentMethodRecord => {
  const { account_holder_type, account_type } = data.us_bank_account ?? {};
  return work.save(
    'payment_method',
    newPaymentMethod(work, data.type, 'usBankAccount', {
      metadata: data.metadata ?? {},
      billing_details: data.billing_details,
      allow_redisplay: data.allow_redisplay,
      account_holder_type,
      account_type,
    }),
  );
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
