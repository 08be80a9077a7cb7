import type { News } from '../../../news.js';
import type { TestVersion, Wire } from './objects.js';
import {
  account,
  balanceTransaction,
  charge,
  created,
  customer,
  customerId,
  dispute,
  financialAccount,
  fraudWarning,
  mandate,
  paymentId,
  paymentIntent,
  paymentMethod,
  paymentMethodId,
  payout,
  refund,
  refundId,
  reinstatement,
  review,
  setupIntent,
  tenantId,
} from './objects.js';

/** `created` of the objects, and a day after it. */
export const at = '2026-11-14T22:13:20.000Z';
const due = '2026-11-15T22:13:20.000Z';

/** What is expected of every version. Where a version shows more, or less, that is said in a test of its own. */
export interface Story {
  type: string;
  object: (version: TestVersion) => Wire;
  previous?: Wire;
  news: News;
}

export const ofCustomer = { processorCustomerId: 'cus_P1' };
const ofPayment = { tenantId, paymentId, attempt: 1, ...ofCustomer };
const pi = { processorPaymentId: 'pi_3P1', currency: 'usd', settlement: undefined };
const card = {
  type: 'card_error',
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'never',
  charge: 'ch_3P1',
};
const withdrawn = { settlementId: 'txn_D1', gross: -5_000, fee: 1_500, net: -6_500, currency: 'usd', availableOn: at };
const given = { settlementId: 'txn_D2', gross: 5_000, fee: 0, net: 5_000, currency: 'usd', availableOn: at };
const disputed = {
  processorDisputeId: 'dp_1P1',
  processorPaymentId: 'pi_3P1',
  amount: 5_000,
  currency: 'usd',
  reason: 'fraudulent',
  evidenceDueBy: due,
  submissions: 0,
} as const;
const paidOut = { processorPayoutId: 'po_1P1', amount: 7_000, currency: 'usd', arrivesOn: at } as const;
const ofPayout = { tenantId };
const charged = {
  about: 'charge',
  processorChargeId: 'ch_3P1',
  processorPaymentId: 'pi_3P1',
  currency: 'usd',
  captured: 5_000,
  refunded: 0,
  settled: true,
  claim: ofPayment,
} as const;

const payments: Story[] = [
  {
    type: 'payment_intent.requires_action',
    object: (v) =>
      paymentIntent(
        v,
        { status: 'requires_action', next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} } },
        null,
      ),
    news: {
      about: 'payment',
      payment: { ...pi, status: 'action_required', action: 'use_stripe_sdk', clientSecret: undefined, captured: 0 },
      claim: ofPayment,
    },
  },
  {
    type: 'payment_intent.processing',
    object: (v) => paymentIntent(v, { status: 'processing', processing: { type: 'us_bank_account' } }),
    news: { about: 'payment', payment: { ...pi, status: 'processing', captured: 0 }, claim: ofPayment },
  },
  {
    type: 'payment_intent.amount_capturable_updated',
    object: (v) => paymentIntent(v, { status: 'requires_capture', amount_capturable: 5_000 }),
    news: {
      about: 'payment',
      payment: { ...pi, status: 'authorized', amount: 5_000, expiresAt: undefined, multicapture: false, captured: 0 },
      claim: ofPayment,
    },
  },
  {
    type: 'payment_intent.succeeded',
    object: (v) => paymentIntent(v, { amount_received: 5_000 }),
    news: { about: 'payment', payment: { ...pi, status: 'captured', captured: 5_000 }, claim: ofPayment },
  },
  {
    type: 'payment_intent.payment_failed',
    object: (v) => paymentIntent(v, { status: 'requires_payment_method', last_payment_error: card }),
    news: {
      about: 'payment',
      payment: { ...pi, status: 'failed', code: 'card_declined', declineCode: 'insufficient_funds', captured: 0 },
      claim: ofPayment,
    },
  },
  {
    type: 'payment_intent.canceled',
    object: (v) =>
      paymentIntent(v, { status: 'canceled', canceled_at: created, cancellation_reason: 'abandoned' }, null),
    news: { about: 'payment', payment: { ...pi, status: 'canceled', captured: 0 }, claim: ofPayment },
  },
];

const charges: Story[] = [
  { type: 'charge.captured', object: (v) => charge(v), news: charged },
  {
    type: 'charge.refunded',
    object: (v) => charge(v, { amount_refunded: 1_200 }),
    previous: { amount_refunded: 0 },
    news: { ...charged, refunded: 1_200 },
  },
  {
    type: 'charge.updated',
    object: (v) => charge(v, { balance_transaction: null, payment_intent: null, customer: null, metadata: {} }),
    news: { ...charged, processorPaymentId: undefined, settled: false, claim: {} },
  },
];

const refunds: Story[] = ['refund.created', 'refund.updated', 'charge.refund.updated'].map((type) => ({
  type,
  object: (v) => refund(v, { customer: 'cus_P1' }),
  news: {
    about: 'refund',
    refund: { processorRefundId: 're_3P1', status: 'succeeded', amount: 1_200, settlement: undefined },
    processorPaymentId: 'pi_3P1',
    currency: 'usd',
    claim: { tenantId, paymentId, refundId, ...ofCustomer },
  },
}));

const failedRefund: Story = {
  type: 'refund.failed',
  object: (v) =>
    refund(v, { status: 'failed', failure_reason: 'lost_or_stolen_card', payment_intent: null, customer: null }),
  previous: { status: 'pending' },
  news: {
    about: 'refund',
    refund: { processorRefundId: 're_3P1', status: 'failed', code: 'lost_or_stolen_card', amount: 1_200 },
    processorPaymentId: undefined,
    currency: 'usd',
    claim: { tenantId, paymentId, refundId },
  },
};

const disputes: Story[] = [
  {
    type: 'charge.dispute.created',
    object: (v) => dispute(v, { status: 'warning_needs_response', balance_transactions: [] }),
    news: { about: 'dispute', dispute: { ...disputed, status: 'inquiry', movements: [] }, claim: {} },
  },
  {
    type: 'charge.dispute.updated',
    object: (v) => dispute(v, { status: 'under_review', evidence_details: { due_by: null, submission_count: 1 } }),
    news: {
      about: 'dispute',
      dispute: {
        ...disputed,
        status: 'under_review',
        evidenceDueBy: undefined,
        submissions: 1,
        movements: [withdrawn],
      },
      claim: {},
    },
  },
  {
    type: 'charge.dispute.funds_withdrawn',
    object: (v) => dispute(v),
    news: { about: 'dispute', dispute: { ...disputed, status: 'needs_response', movements: [withdrawn] }, claim: {} },
  },
  {
    type: 'charge.dispute.funds_reinstated',
    object: (v) => dispute(v, { status: 'won', balance_transactions: [balanceTransaction(v), reinstatement(v)] }),
    news: { about: 'dispute', dispute: { ...disputed, status: 'won', movements: [withdrawn, given] }, claim: {} },
  },
  {
    type: 'charge.dispute.closed',
    object: (v) => dispute(v, { status: 'lost', metadata: { tenantId, paymentId } }),
    news: {
      about: 'dispute',
      dispute: { ...disputed, status: 'lost', movements: [withdrawn] },
      claim: { tenantId, paymentId },
    },
  },
];

const payouts: Story[] = (
  [
    ['created', 'pending'],
    ['updated', 'in_transit'],
    ['paid', 'paid'],
    ['canceled', 'canceled'],
  ] as const
).map(([name, status]) => ({
  type: `payout.${name}`,
  object: (v) => payout(v, { status }),
  news: { about: 'payout', payout: { ...paidOut, status }, claim: ofPayout },
}));

const failedPayout: Story = {
  type: 'payout.failed',
  object: (v) => payout(v, { status: 'failed', failure_code: 'account_closed', failure_balance_transaction: 'txn_O2' }),
  news: {
    about: 'payout',
    payout: { ...paidOut, status: 'failed', failureCode: 'account_closed' },
    claim: ofPayout,
  },
};

const methods: Story[] = (
  [
    ['payment_method.attached', 'attached', {}, undefined],
    ['payment_method.automatically_updated', 'updated', {}, { card: { exp_year: 2028 } }],
    ['payment_method.detached', 'detached', { customer: null }, { customer: 'cus_P1' }],
  ] as const
).map(([type, change, over, previous]) => ({
  type,
  object: (v) => paymentMethod(v, over),
  previous,
  news: {
    about: 'payment_method',
    change,
    token: 'pm_1P1',
    claim: { tenantId, paymentMethodId, ...ofCustomer },
  },
}));

const reviewed = {
  about: 'review',
  processorReviewId: 'prv_1P1',
  reason: 'rule',
  processorPaymentId: 'pi_3P1',
} as const;
const bankAccount = { about: 'financial_account', processorFinancialAccountId: 'fca_1P1', ...ofCustomer } as const;

const others: Story[] = [
  {
    type: 'account.updated',
    object: (v) => account(v),
    previous: { payouts_enabled: true },
    news: {
      about: 'account',
      account: {
        processorAccountId: 'acct_1P1',
        chargesEnabled: true,
        payoutsEnabled: false,
        detailsSubmitted: true,
        requirementsDue: ['external_account', 'tos_acceptance.date'],
        disabledReason: 'requirements.past_due',
      },
      claim: { tenantId },
    },
  },
  {
    type: 'setup_intent.succeeded',
    object: (v) => setupIntent(v),
    news: {
      about: 'setup',
      change: 'succeeded',
      processorSetupId: 'seti_1P1',
      token: 'pm_1P1',
      claim: { tenantId, paymentMethodId, ...ofCustomer },
    },
  },
  ...(
    [
      ['setup_failed', 'failed', 'requires_payment_method', null],
      ['requires_action', 'action_required', 'requires_action', 'pm_1P1'],
      ['canceled', 'canceled', 'canceled', null],
    ] as const
  ).map(([type, change, status, method]): Story => ({
    type: `setup_intent.${type}`,
    object: (v) =>
      setupIntent(v, {
        status,
        payment_method: method,
        metadata: { tenantId, setupIntentId: '0198c3a0-0000-7000-8000-0000000000e1' },
      }),
    news: {
      about: 'setup',
      change,
      processorSetupId: 'seti_1P1',
      token: method ?? undefined,
      claim: { tenantId, setupIntentId: '0198c3a0-0000-7000-8000-0000000000e1', ...ofCustomer },
    },
  })),
  {
    type: 'customer.deleted',
    object: (v) => customer(v),
    news: { about: 'customer', change: 'deleted', ...ofCustomer, claim: { tenantId, customerId, ...ofCustomer } },
  },
  { type: 'review.opened', object: (v) => review(v), news: { ...reviewed, open: true } },
  {
    type: 'review.closed',
    object: (v) => review(v, { open: false, reason: 'refunded_as_fraud', closed_reason: 'refunded_as_fraud' }),
    news: { ...reviewed, open: false, closedReason: 'refunded_as_fraud' },
  },
  {
    type: 'radar.early_fraud_warning.created',
    object: (v) => fraudWarning(v),
    news: {
      about: 'fraud_warning',
      processorWarningId: 'issfr_1P1',
      fraudType: 'made_with_stolen_card',
      actionable: true,
      processorPaymentId: 'pi_3P1',
      processorChargeId: 'ch_3P1',
    },
  },
  {
    type: 'mandate.updated',
    object: (v) => mandate(v),
    news: { about: 'mandate', processorMandateId: 'mandate_1P1', status: 'inactive', token: 'pm_1P1' },
  },
  {
    type: 'financial_connections.account.created',
    object: (v) => financialAccount(v),
    news: { ...bankAccount, connected: true },
  },
  {
    type: 'financial_connections.account.disconnected',
    object: (v) => financialAccount(v, { status: 'disconnected' }),
    news: { ...bankAccount, connected: false },
  },
];

export const stories: readonly Story[] = [
  ...payments,
  ...charges,
  ...refunds,
  failedRefund,
  ...disputes,
  ...payouts,
  failedPayout,
  ...methods,
  ...others,
];
