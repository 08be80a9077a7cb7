import type { AttemptError, IntentRecord, PaymentIntentRecord, SetupIntentRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { presentShipping } from './customer.js';
import { presentPaymentMethod } from './payment-method.js';

export const acceptedMethodTypes = ['card', 'us_bank_account'] as const;

/** The types of payment method that `intent` can be paid with. */
export const methodTypesOf = (intent: IntentRecord): string[] =>
  (intent.allowed_payment_method_types ?? acceptedMethodTypes).filter(
    (type) => !intent.excluded_payment_method_types?.includes(type),
  );

const presentLastError = (error: AttemptError | undefined, work: Work) => {
  if (!error) return null;
  const method = work.find('payment_method', error.payment_method);
  return { ...error.details, ...(method && { payment_method: presentPaymentMethod(method) }) };
};

const presentNextAction = (intent: IntentRecord, work: Work) => {
  if (intent.status !== 'requires_action') return null;
  if (intent.return_url === undefined || intent.use_stripe_sdk) {
    return { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', source: intent.id } };
  }
  return {
    type: 'redirect_to_url',
    redirect_to_url: { return_url: intent.return_url, url: `${work.url}/sandbox/3ds/${intent.id}` },
  };
};

const presentOptions = (intent: IntentRecord, more: object) => ({
  ...intent.payment_method_options,
  card: {
    ...more,
    mandate_options: null,
    network: null,
    request_three_d_secure: 'automatic',
    ...(intent.payment_method_options?.card as object | undefined),
  },
});

const presentCommon = (intent: IntentRecord) => ({
  allowed_payment_method_types: intent.allowed_payment_method_types ?? null,
  application: null,
  automatic_payment_methods: intent.allowed_payment_method_types
    ? null
    : (intent.automatic_payment_methods ?? { allow_redirects: 'always', enabled: true }),
  cancellation_reason: intent.cancellation_reason ?? null,
  client_secret: intent.client_secret,
  created: intent.created,
  customer: intent.customer ?? null,
  customer_account: null,
  description: intent.description ?? null,
  excluded_payment_method_types: intent.excluded_payment_method_types ?? null,
  livemode: false,
  managed_payments: null,
  metadata: intent.metadata,
  on_behalf_of: null,
  payment_method: intent.payment_method ?? null,
  payment_method_configuration_details: null,
  payment_method_types: methodTypesOf(intent),
  status: intent.status,
});

export const presentPaymentIntent = (intent: PaymentIntentRecord, work: Work) => ({
  id: intent.id,
  object: 'payment_intent',
  amount: intent.amount,
  amount_capturable: intent.amount_capturable ?? 0,
  amount_details: intent.amount_details ?? { tip: {} },
  amount_received: intent.amount_received ?? 0,
  application_fee_amount: null,
  canceled_at: intent.canceled_at ?? null,
  capture_method: intent.capture_method,
  confirmation_method: intent.confirmation_method ?? 'automatic',
  currency: intent.currency,
  last_payment_error: presentLastError(intent.last_error, work),
  latest_charge: intent.latest_charge ?? null,
  next_action: presentNextAction(intent, work),
  ...(intent.payment_details && { payment_details: intent.payment_details }),
  payment_record: null,
  // Only of cards in India.
  processing: null,
  payment_method_options: presentOptions(intent, { installments: null }),
  receipt_email: intent.receipt_email ?? null,
  review: intent.review ?? null,
  setup_future_usage: intent.setup_future_usage ?? null,
  shipping: presentShipping(intent.shipping),
  source: null,
  statement_descriptor: intent.statement_descriptor ?? null,
  statement_descriptor_suffix: intent.statement_descriptor_suffix ?? null,
  transfer_data: null,
  transfer_group: intent.transfer_group ?? null,
  ...presentCommon(intent),
});

export const presentSetupIntent = (intent: SetupIntentRecord, work: Work) => ({
  id: intent.id,
  object: 'setup_intent',
  ...(intent.attach_to_self !== undefined && { attach_to_self: intent.attach_to_self }),
  flow_directions: intent.flow_directions ?? null,
  last_setup_error: presentLastError(intent.last_error, work),
  latest_attempt: null,
  payment_method_options: presentOptions(intent, {}),
  mandate: intent.mandate ?? null,
  next_action: presentNextAction(intent, work),
  single_use_mandate: null,
  usage: intent.usage,
  ...presentCommon(intent),
});
