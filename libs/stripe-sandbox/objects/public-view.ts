/** What Stripe shows of an object to a publishable key: nothing of the merchant's, and no fingerprint. */

const common =
  'id object allow_redisplay automatic_payment_methods billing_details cancellation_reason client_secret created customer description ' +
  'livemode next_action payment_method payment_method_configuration_details payment_method_types status type';

const shown: Readonly<Record<string, ReadonlySet<string>>> = {
  payment_intent: new Set(
    (
      common +
      ' amount amount_details canceled_at capture_method confirmation_method currency last_payment_error processing receipt_email ' +
      'setup_future_usage shipping source'
    )
      .split(' ')
      .filter((name) => name !== 'customer'),
  ),
  setup_intent: new Set(`${common} last_setup_error usage`.split(' ').filter((name) => name !== 'customer')),
  payment_method: new Set(`${common} card us_bank_account`.split(' ')),
  confirmation_token: new Set(
    'id object created expires_at livemode mandate_data payment_intent payment_method_preview return_url setup_future_usage setup_intent shipping use_stripe_sdk'.split(
      ' ',
    ),
  ),
};

/** Of a card or an account, wherever it is. */
const secretFacts: ReadonlySet<string> = new Set(['fingerprint', 'regulated_status', 'generated_from']);

/** `value` as a browser may see it. */
export const publicView = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(publicView);
  if (typeof value !== 'object' || value === null) return value;
  const { object } = value as { object?: unknown };
  const names = typeof object === 'string' ? shown[object] : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => (names?.has(name) ?? true) && !secretFacts.has(name))
      .map(([name, each]) => [name, publicView(each)]),
  );
};
