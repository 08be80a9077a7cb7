/**
 * Stripe's objects as events of each API version carry them, whole, after docs.stripe.com/api and docs.stripe.com/changelog. What
 * this service never looks at is here too: it has to be passed over.
 */

export const apiVersions = ['2020-08-27', '2024-09-30.acacia', '2025-04-30.basil', '2026-10-28.endive'] as const;
export type TestVersion = (typeof apiVersions)[number];

export type Wire = Record<string, unknown>;

const since = (version: TestVersion, first: TestVersion): boolean =>
  apiVersions.indexOf(version) >= apiVersions.indexOf(first);

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const paymentId = '0b9f6a5e-1111-5111-8111-000000000001';
export const refundId = '0b9f6a5e-1111-5111-8111-000000000002';
export const paymentMethodId = '0b9f6a5e-1111-5111-8111-000000000003';
export const customerId = '0b9f6a5e-1111-5111-8111-000000000004';

/** 2026-11-14T22:13:20Z. */
export const created = 1_794_694_400;

const billingDetails = (version: TestVersion): Wire => ({
  address: { city: null, country: 'US', line1: null, line2: null, postal_code: '94107', state: null },
  email: 'jenny@example.com',
  name: 'Jenny Rosen',
  phone: null,
  ...(since(version, '2025-04-30.basil') && { tax_id: null }),
});

export const charge = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'ch_3P1',
  object: 'charge',
  amount: 5_000,
  amount_captured: 5_000,
  amount_refunded: 0,
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: 'txn_3P1',
  billing_details: billingDetails(version),
  calculated_statement_descriptor: 'ACME',
  captured: true,
  created,
  currency: 'usd',
  customer: 'cus_P1',
  description: null,
  ...(!since(version, '2025-04-30.basil') && { destination: null, dispute: null, order: null }),
  disputed: false,
  ...(since(version, '2024-09-30.acacia') && { failure_balance_transaction: null }),
  failure_code: null,
  failure_message: null,
  fraud_details: {},
  ...(!since(version, '2025-04-30.basil') && { invoice: null }),
  livemode: false,
  metadata: { tenantId, paymentId, attempt: '1' },
  on_behalf_of: null,
  outcome: {
    ...(since(version, '2025-04-30.basil') && { advice_code: null, network_advice_code: null }),
    network_status: 'approved_by_network',
    reason: null,
    risk_level: 'normal',
    risk_score: 12,
    seller_message: 'Payment complete.',
    type: 'authorized',
  },
  paid: true,
  payment_intent: 'pi_3P1',
  payment_method: 'pm_1P1',
  payment_method_details: {
    card: {
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: 'pass', cvc_check: 'pass' },
      country: 'US',
      exp_month: 8,
      exp_year: 2030,
      fingerprint: 'AOB934RVNwzk6xtn',
      funding: 'credit',
      installments: null,
      last4: '4242',
      network: 'visa',
      three_d_secure: null,
      wallet: null,
      ...(since(version, '2024-09-30.acacia') && {
        amount_authorized: 5_000,
        extended_authorization: { status: 'disabled' },
        incremental_authorization: { status: 'unavailable' },
        mandate: null,
        multicapture: { status: 'unavailable' },
        network_token: { used: false },
        overcapture: { maximum_amount_capturable: 5_000, status: 'unavailable' },
      }),
    },
    type: 'card',
  },
  ...(since(version, '2024-09-30.acacia') && { radar_options: {} }),
  receipt_email: null,
  receipt_number: null,
  receipt_url: null,
  refunded: false,
  // Within the charge until 2022-11-15; afterwards only where it is asked for.
  ...(version === '2020-08-27' && {
    refunds: { object: 'list', data: [], has_more: false, total_count: 0, url: '/v1/charges/ch_3P1/refunds' },
  }),
  review: null,
  shipping: null,
  source: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: 'succeeded',
  transfer_data: null,
  transfer_group: null,
  ...over,
});

/** `charge`: what the intent has of its charge; null before there is one. */
export const paymentIntent = (version: TestVersion, over: Wire = {}, chargeOver: Wire | null = {}): Wire => ({
  id: 'pi_3P1',
  object: 'payment_intent',
  ...(since(version, '2026-10-28.endive') && { allowed_payment_method_types: ['card'] }),
  amount: 5_000,
  amount_capturable: 0,
  ...(since(version, '2024-09-30.acacia') && { amount_details: { tip: {} } }),
  amount_received: 0,
  application: null,
  application_fee_amount: null,
  ...(since(version, '2024-09-30.acacia') && { automatic_payment_methods: null }),
  canceled_at: null,
  cancellation_reason: null,
  capture_method: 'automatic',
  // Replaced by `latest_charge` in 2022-11-15.
  ...(version === '2020-08-27'
    ? {
        charges: {
          object: 'list',
          data: chargeOver ? [charge(version, chargeOver)] : [],
          has_more: false,
          total_count: chargeOver ? 1 : 0,
          url: '/v1/charges?payment_intent=pi_3P1',
        },
      }
    : { latest_charge: chargeOver ? 'ch_3P1' : null }),
  client_secret: 'pi_3P1_secret_never',
  confirmation_method: 'automatic',
  created,
  currency: 'usd',
  customer: 'cus_P1',
  ...(since(version, '2026-10-28.endive') && { customer_account: null, managed_payments: null, payment_record: null }),
  description: null,
  ...(!since(version, '2025-04-30.basil') && { invoice: null }),
  last_payment_error: null,
  livemode: false,
  metadata: { tenantId, paymentId, attempt: '1' },
  next_action: null,
  on_behalf_of: null,
  payment_method: 'pm_1P1',
  ...(since(version, '2024-09-30.acacia') && { payment_method_configuration_details: null }),
  payment_method_options: { card: { installments: null, network: null, request_three_d_secure: 'automatic' } },
  payment_method_types: ['card'],
  processing: null,
  receipt_email: null,
  review: null,
  setup_future_usage: null,
  shipping: null,
  source: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: 'succeeded',
  transfer_data: null,
  transfer_group: null,
  ...over,
});

export const refund = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 're_3P1',
  object: 'refund',
  amount: 1_200,
  balance_transaction: 'txn_3P2',
  charge: 'ch_3P1',
  created,
  currency: 'usd',
  ...(since(version, '2026-10-28.endive') && { customer: 'cus_P1', customer_account: null, payment_method: 'pm_1P1' }),
  ...(since(version, '2024-09-30.acacia') && {
    destination_details: { card: { reference_status: 'pending', type: 'refund' }, type: 'card' },
  }),
  metadata: { tenantId, paymentId, refundId },
  payment_intent: 'pi_3P1',
  reason: 'requested_by_customer',
  receipt_number: null,
  source_transfer_reversal: null,
  status: 'succeeded',
  transfer_reversal: null,
  ...over,
});

export const balanceTransaction = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'txn_D1',
  object: 'balance_transaction',
  amount: -5_000,
  available_on: created,
  ...(since(version, '2026-10-28.endive') && { balance_type: 'payments' }),
  created,
  currency: 'usd',
  description: 'Chargeback withdrawal for ch_3P1',
  exchange_rate: null,
  fee: 1_500,
  fee_details: [{ amount: 1_500, application: null, currency: 'usd', description: 'Dispute fee', type: 'stripe_fee' }],
  net: -6_500,
  reporting_category: 'dispute',
  source: 'dp_1P1',
  status: 'available',
  type: 'adjustment',
  ...over,
});

export const reinstatement = (version: TestVersion): Wire =>
  balanceTransaction(version, { id: 'txn_D2', amount: 5_000, fee: 0, fee_details: [], net: 5_000 });

export const dispute = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'dp_1P1',
  object: 'dispute',
  amount: 5_000,
  ...(version === '2020-08-27' && { balance_transaction: 'txn_D1' }),
  balance_transactions: [balanceTransaction(version)],
  charge: 'ch_3P1',
  created,
  currency: 'usd',
  ...(since(version, '2026-10-28.endive') && { enhanced_eligibility_types: [], intended_submission_method: null }),
  evidence: { access_activity_log: null, customer_email_address: 'jenny@example.com', uncategorized_text: null },
  evidence_details: {
    due_by: created + 86_400,
    ...(since(version, '2025-04-30.basil') && { enhanced_eligibility: {} }),
    has_evidence: false,
    past_due: false,
    submission_count: 0,
    ...(since(version, '2026-10-28.endive') && { submission_method: 'not_submitted' }),
  },
  is_charge_refundable: false,
  livemode: false,
  metadata: {},
  ...(since(version, '2024-09-30.acacia') && { network_reason_code: '10.4' }),
  payment_intent: 'pi_3P1',
  ...(since(version, '2024-09-30.acacia') && {
    payment_method_details: {
      card: { brand: 'visa', case_type: 'chargeback', network_reason_code: '10.4' },
      type: 'card',
    },
  }),
  reason: 'fraudulent',
  status: 'needs_response',
  ...over,
});

export const payout = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'po_1P1',
  object: 'payout',
  amount: 7_000,
  ...(since(version, '2025-04-30.basil') && { application_fee: null, application_fee_amount: null }),
  arrival_date: created,
  automatic: false,
  balance_transaction: 'txn_O1',
  created,
  currency: 'usd',
  description: null,
  destination: 'ba_1P1',
  failure_balance_transaction: null,
  failure_code: null,
  failure_message: null,
  livemode: false,
  metadata: { tenantId },
  method: 'standard',
  original_payout: null,
  ...(since(version, '2026-10-28.endive') && { payout_method: null }),
  ...(since(version, '2024-09-30.acacia') && { reconciliation_status: 'not_applicable' }),
  reversed_by: null,
  source_type: 'card',
  statement_descriptor: null,
  status: 'pending',
  ...(since(version, '2025-04-30.basil') && { trace_id: null }),
  type: 'bank_account',
  ...over,
});

export const account = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'acct_1P1',
  object: 'account',
  business_profile: { mcc: null, name: 'Rocket Rides', url: null },
  business_type: 'company',
  capabilities: { card_payments: 'active', transfers: 'active' },
  charges_enabled: true,
  controller: { type: 'application' },
  country: 'US',
  created,
  default_currency: 'usd',
  details_submitted: true,
  email: 'owner@example.com',
  external_accounts: {
    object: 'list',
    data: [],
    has_more: false,
    total_count: 0,
    url: '/v1/accounts/acct_1P1/external_accounts',
  },
  ...(since(version, '2024-09-30.acacia') && {
    future_requirements: { alternatives: [], currently_due: [], disabled_reason: null, past_due: [] },
  }),
  metadata: { tenantId },
  payouts_enabled: false,
  requirements: {
    ...(since(version, '2024-09-30.acacia') && { alternatives: [] }),
    current_deadline: null,
    currently_due: ['tos_acceptance.date', 'external_account'],
    disabled_reason: 'requirements.past_due',
    errors: [],
    eventually_due: ['tos_acceptance.date', 'external_account', 'representative.dob.day'],
    past_due: ['external_account'],
    pending_verification: [],
  },
  settings: { dashboard: { display_name: 'Rocket Rides', timezone: 'America/Los_Angeles' } },
  tos_acceptance: { date: null },
  type: 'custom',
  ...over,
});

export const setupIntent = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'seti_1P1',
  object: 'setup_intent',
  application: null,
  ...(since(version, '2024-09-30.acacia') && { automatic_payment_methods: null, flow_directions: null }),
  cancellation_reason: null,
  client_secret: 'seti_1P1_secret_never',
  created,
  customer: 'cus_P1',
  description: null,
  last_setup_error: null,
  latest_attempt: 'setatt_1P1',
  livemode: false,
  mandate: null,
  metadata: { tenantId, paymentMethodId },
  next_action: null,
  on_behalf_of: null,
  payment_method: 'pm_1P1',
  payment_method_options: {},
  payment_method_types: ['card'],
  single_use_mandate: null,
  status: 'succeeded',
  usage: 'off_session',
  ...over,
});

export const paymentMethod = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'pm_1P1',
  object: 'payment_method',
  ...(since(version, '2024-09-30.acacia') && { allow_redisplay: 'unspecified' }),
  billing_details: billingDetails(version),
  card: {
    brand: 'visa',
    exp_month: 8,
    exp_year: 2030,
    fingerprint: 'AOB934RVNwzk6xtn',
    funding: 'credit',
    last4: '4242',
  },
  created,
  customer: 'cus_P1',
  ...(since(version, '2026-10-28.endive') && { customer_account: null }),
  livemode: false,
  metadata: { tenantId, paymentMethodId },
  type: 'card',
  ...over,
});

export const customer = (version: TestVersion, over: Wire = {}): Wire => ({
  id: 'cus_P1',
  object: 'customer',
  address: null,
  balance: 0,
  created,
  currency: 'usd',
  default_source: null,
  delinquent: false,
  description: null,
  discount: null,
  email: 'jenny@example.com',
  invoice_prefix: '7FE1103',
  invoice_settings: { custom_fields: null, default_payment_method: null, footer: null },
  livemode: false,
  metadata: { tenantId, customerId },
  name: 'Jenny Rosen',
  phone: null,
  preferred_locales: [],
  shipping: null,
  // These came with a customer until 2020-08-27.
  ...(version === '2020-08-27' && { tax_exempt: 'none' }),
  ...over,
});

export const review = (_version: TestVersion, over: Wire = {}): Wire => ({
  id: 'prv_1P1',
  object: 'review',
  billing_zip: '94107',
  charge: 'ch_3P1',
  closed_reason: null,
  created,
  ip_address: '198.51.100.7',
  ip_address_location: { city: 'San Francisco', country: 'US', latitude: 37.7, longitude: -122.4, region: 'CA' },
  livemode: false,
  open: true,
  opened_reason: 'rule',
  payment_intent: 'pi_3P1',
  reason: 'rule',
  session: { browser: 'Chrome', device: null, platform: 'Macintosh', version: '61.0' },
  ...over,
});

export const fraudWarning = (_version: TestVersion, over: Wire = {}): Wire => ({
  id: 'issfr_1P1',
  object: 'radar.early_fraud_warning',
  actionable: true,
  charge: 'ch_3P1',
  created,
  fraud_type: 'made_with_stolen_card',
  livemode: false,
  payment_intent: 'pi_3P1',
  ...over,
});

export const mandate = (_version: TestVersion, over: Wire = {}): Wire => ({
  id: 'mandate_1P1',
  object: 'mandate',
  customer_acceptance: { accepted_at: created, offline: {}, type: 'offline' },
  livemode: false,
  multi_use: {},
  payment_method: 'pm_1P1',
  payment_method_details: { type: 'us_bank_account', us_bank_account: {} },
  status: 'inactive',
  type: 'multi_use',
  ...over,
});

export const financialAccount = (_version: TestVersion, over: Wire = {}): Wire => ({
  id: 'fca_1P1',
  object: 'financial_connections.account',
  account_holder: { customer: 'cus_P1', type: 'customer' },
  balance: null,
  balance_refresh: null,
  category: 'cash',
  created,
  display_name: 'Checking',
  institution_name: 'StripeBank',
  last4: '6789',
  livemode: false,
  ownership: null,
  ownership_refresh: null,
  permissions: ['payment_method'],
  status: 'active',
  subcategory: 'checking',
  supported_payment_method_types: ['us_bank_account'],
  ...over,
});

/** The body of a snapshot event. */
export const eventBody = (
  type: string,
  object: Wire,
  {
    version = '2026-10-28.endive',
    previous,
    over = {},
  }: { version?: string | null; previous?: Wire; over?: Wire } = {},
): string =>
  JSON.stringify({
    id: 'evt_1P1',
    object: 'event',
    api_version: version,
    created,
    data: { object, ...(previous && { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: 'req_1', idempotency_key: null },
    type,
    ...over,
  });
