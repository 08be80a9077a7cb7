/** What the endpoints of payment intents take. */
import type { Reader } from '../wire/params.js';
import { currencyOf } from '../payments/currencies.js';
import {
  anyHash,
  boolean,
  hash,
  integerFrom,
  metadata,
  oneOf,
  shipping,
  string,
  stringUpTo,
  unsettable,
  unsupported,
} from '../wire/params.js';
import * as shared from './intent-params.js';

const currency: Reader<string> = (raw, param) => currencyOf(string(raw, param));
const offSession: Reader<boolean> = (raw, param) =>
  raw === 'one_off' || raw === 'recurring' ? true : boolean(raw, param);

/** What can be said of an intent whenever it can be changed. */
export const changeable = {
  allowed_payment_method_types: shared.allowedTypes,
  amount_details: unsettable(anyHash),
  capture_method: oneOf('automatic', 'automatic_async', 'manual'),
  excluded_payment_method_types: unsettable(shared.excludedTypes),
  hooks: unsupported('there is no tax calculation'),
  payment_details: unsettable(hash({ customer_reference: unsettable(string), order_reference: unsettable(string) })),
  payment_method: string,
  payment_method_data: shared.methodData,
  payment_method_options: shared.methodOptions,
  receipt_email: unsettable(string),
  setup_future_usage: unsettable(shared.futureUsage),
  shipping: unsettable(shipping),
};

/** What create and update take, besides. */
export const described = {
  application_fee_amount: shared.noConnect,
  currency,
  customer: string,
  customer_account: shared.noAccounts,
  description: string,
  metadata,
  payment_method_configuration: unsupported('there is one configuration, with cards and US bank accounts'),
  statement_descriptor: stringUpTo(22),
  statement_descriptor_suffix: stringUpTo(22),
  transfer_data: shared.noConnect,
  transfer_group: string,
};

/** What confirming takes, besides. */
export const confirming = {
  confirmation_token: string,
  error_on_requires_action: boolean,
  mandate: unsupported('mandates are not objects here'),
  mandate_data: shared.mandateData,
  off_session: offSession,
  radar_options: hash({ referrer: unsettable(string), session: string }),
  return_url: string,
  use_stripe_sdk: boolean,
};

export const creating = {
  ...changeable,
  ...described,
  ...confirming,
  amount: integerFrom(1),
  automatic_payment_methods: shared.automaticPaymentMethods,
  confirm: boolean,
  confirmation_method: oneOf('automatic', 'manual'),
  on_behalf_of: shared.noConnect,
};

/** What capturing takes. */
export const capturing = {
  amount_details: unsettable(anyHash),
  amount_to_capture: integerFrom(0),
  application_fee_amount: shared.noConnect,
  final_capture: boolean,
  hooks: changeable.hooks,
  metadata,
  payment_details: changeable.payment_details,
  statement_descriptor: described.statement_descriptor,
  statement_descriptor_suffix: described.statement_descriptor_suffix,
  transfer_data: shared.noConnect,
};

/** What any request can say of an intent. */
export type Change = Partial<{ [K in keyof typeof creating]: ReturnType<(typeof creating)[K]> }>;

export const canceling = {
  cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'),
};
