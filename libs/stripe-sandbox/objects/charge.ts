import { testCard } from '../payments/test-cards.js';
import type { ChargeRecord } from '../state/records.js';
import { presentShipping } from './customer.js';
import { presentAccountFacts, presentBillingDetails, presentCardChecks, presentCardFacts } from './payment-method.js';

const presentCard = (charge: ChargeRecord) => {
  const { brand, ...facts } = presentCardFacts(charge.method);
  return {
    amount_authorized: charge.status === 'failed' ? null : charge.amount,
    authorization_code: charge.status === 'failed' ? null : charge.id.slice(-18, -12),
    brand,
    ...(charge.capture_before !== undefined && { capture_before: charge.capture_before }),
    checks: presentCardChecks(charge.method.test),
    electronic_commerce_indicator: charge.authenticated ? '05' : null,
    ...facts,
    extended_authorization: { status: 'disabled' },
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    mandate: null,
    multicapture: { status: charge.multicapture ? 'available' : 'unavailable' },
    network: brand,
    network_token: { used: false },
    network_transaction_id: charge.id.slice(-16),
    overcapture: { maximum_amount_capturable: charge.amount, status: 'unavailable' },
    three_d_secure: charge.authenticated
      ? {
          authentication_flow: 'challenge',
          electronic_commerce_indicator: '05',
          exemption_indicator: null,
          result: 'authenticated',
          result_reason: null,
          transaction_id: charge.id.slice(-16),
          version: '2.2.0',
        }
      : null,
    transaction_link_id: null,
  };
};

const presentMethod = (charge: ChargeRecord) =>
  charge.method.type === 'card'
    ? { card: presentCard(charge), type: 'card' }
    : {
        type: 'us_bank_account',
        us_bank_account: {
          account_holder_type: 'individual',
          account_type: 'checking',
          ...presentAccountFacts(charge.method),
          payment_reference: null,
        },
      };

const riskScores = { normal: 20, elevated: 65, highest: 90 } as const;

const presentOutcome = (charge: ChargeRecord) => {
  if (charge.method.type !== 'card') return null;
  const risk_level = testCard(charge.method.test).risk ?? 'normal';
  const { failure } = charge;
  const risk = { risk_level, risk_score: riskScores[risk_level] };
  const advice = { advice_code: null, network_advice_code: null, network_decline_code: null };
  if (!failure) {
    return {
      ...advice,
      network_status: 'approved_by_network',
      reason: null,
      ...risk,
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  if (failure.blocked) {
    return {
      ...advice,
      network_status: 'not_sent_to_network',
      reason: 'highest_risk_level',
      ...risk,
      seller_message: 'Stripe blocked this payment as too risky.',
      type: 'blocked',
    };
  }
  return {
    ...advice,
    network_status: 'declined_by_network',
    reason: failure.decline_code ?? failure.code,
    ...risk,
    seller_message: `The bank returned the decline code \`${failure.decline_code ?? failure.code}\`.`,
    type: 'issuer_declined',
  };
};

export const presentCharge = (charge: ChargeRecord) => ({
  id: charge.id,
  object: 'charge',
  amount: charge.amount,
  amount_captured: charge.amount_captured,
  amount_refunded: charge.amount_refunded,
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: charge.balance_transaction ?? null,
  billing_details: presentBillingDetails(charge.method.billing_details),
  calculated_statement_descriptor: charge.statement_descriptor ?? 'SANDBOX',
  captured: charge.captured,
  created: charge.created,
  currency: charge.currency,
  customer: charge.customer ?? null,
  description: charge.description ?? null,
  disputed: charge.disputes !== undefined,
  failure_balance_transaction: null,
  failure_code: charge.failure?.code ?? null,
  failure_message: charge.failure?.message ?? null,
  fraud_details: charge.fraud_user_report === undefined ? {} : { user_report: charge.fraud_user_report },
  livemode: false,
  metadata: charge.metadata,
  on_behalf_of: null,
  outcome: presentOutcome(charge),
  paid: charge.status === 'succeeded',
  payment_intent: charge.payment_intent,
  payment_method: charge.payment_method,
  payment_method_details: presentMethod(charge),
  radar_options: {},
  receipt_email: charge.receipt_email ?? null,
  receipt_number: null,
  receipt_url: null,
  refunded: charge.status === 'succeeded' && charge.amount_refunded === charge.amount,
  review: charge.review ?? null,
  shipping: presentShipping(charge.shipping),
  source: null,
  source_transfer: null,
  statement_descriptor: charge.statement_descriptor ?? null,
  statement_descriptor_suffix: charge.statement_descriptor_suffix ?? null,
  status: charge.status,
  transfer_data: null,
  transfer_group: charge.transfer_group ?? null,
});
