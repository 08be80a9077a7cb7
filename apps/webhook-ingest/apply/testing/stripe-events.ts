import { randomBytes } from 'node:crypto';

/** Events as Stripe sends them, in the version that this release is pinned to. For specs. */

export interface StripeEvent {
  id: string;
  type: string;
  account?: string;
  [field: string]: unknown;
}

/** An id of Stripe's form, such as `pi_3f0c...`. */
export const stripeId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

export const eventOf = (type: string, object: object, more: Partial<StripeEvent> = {}): StripeEvent => ({
  id: stripeId('evt'),
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_793_600_000,
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type,
  data: { object },
  ...more,
});

export interface IntentFields {
  id: string;
  customer?: string | null;
  status?: string;
  amount?: number;
  received?: number;
  capturable?: number;
  currency?: string;
  metadata?: Record<string, string>;
  [field: string]: unknown;
}

export const intent = ({ received = 0, capturable = 0, amount = 5_000, ...fields }: IntentFields) => ({
  object: 'payment_intent',
  amount,
  amount_received: received,
  amount_capturable: capturable,
  capture_method: 'automatic',
  currency: 'usd',
  customer: null,
  latest_charge: stripeId('ch'),
  last_payment_error: null,
  next_action: null,
  status: 'succeeded',
  metadata: {},
  ...fields,
});

export const succeeded = (fields: IntentFields, more?: Partial<StripeEvent>): StripeEvent =>
  eventOf('payment_intent.succeeded', intent({ received: 5_000, ...fields }), more);

export const authorized = (fields: IntentFields, more?: Partial<StripeEvent>): StripeEvent =>
  eventOf(
    'payment_intent.amount_capturable_updated',
    intent({ status: 'requires_capture', capturable: 5_000, ...fields }),
    more,
  );

export const canceled = (fields: IntentFields, more?: Partial<StripeEvent>): StripeEvent =>
  eventOf('payment_intent.canceled', intent({ status: 'canceled', ...fields }), more);

export const charge = (type: string, fields: Record<string, unknown>): StripeEvent =>
  eventOf(type, {
    id: stripeId('ch'),
    object: 'charge',
    amount: 5_000,
    amount_captured: 5_000,
    amount_refunded: 0,
    balance_transaction: null,
    captured: true,
    currency: 'usd',
    customer: null,
    payment_intent: null,
    metadata: {},
    ...fields,
  });

export const refund = (fields: Record<string, unknown>, type = 'refund.updated'): StripeEvent =>
  eventOf(type, {
    id: stripeId('re'),
    object: 'refund',
    amount: 1_000,
    balance_transaction: stripeId('txn'),
    charge: stripeId('ch'),
    currency: 'usd',
    payment_intent: null,
    reason: null,
    status: 'succeeded',
    metadata: {},
    ...fields,
  });

export const movement = (amount: number, fee: number, id = stripeId('txn')) => ({
  id,
  object: 'balance_transaction',
  amount,
  available_on: 1_793_700_000,
  created: 1_793_600_000,
  currency: 'usd',
  exchange_rate: null,
  fee,
  net: amount - fee,
  type: 'adjustment',
});

export const dispute = (type: string, fields: Record<string, unknown>): StripeEvent =>
  eventOf(`charge.dispute.${type}`, {
    id: stripeId('du'),
    object: 'dispute',
    amount: 5_000,
    balance_transactions: [],
    charge: stripeId('ch'),
    currency: 'usd',
    evidence_details: { due_by: 1_794_000_000, has_evidence: false, past_due: false, submission_count: 0 },
    payment_intent: null,
    reason: 'fraudulent',
    status: 'needs_response',
    metadata: {},
    ...fields,
  });

export const payout = (type: string, fields: Record<string, unknown>, more?: Partial<StripeEvent>): StripeEvent =>
  eventOf(
    `payout.${type}`,
    {
      id: stripeId('po'),
      object: 'payout',
      amount: 3_000,
      arrival_date: 1_793_800_000,
      currency: 'usd',
      failure_code: null,
      status: type === 'created' ? 'in_transit' : type,
      metadata: {},
      ...fields,
    },
    more,
  );

export const account = (id: string, more?: Partial<StripeEvent>): StripeEvent =>
  eventOf(
    'account.updated',
    {
      id,
      object: 'account',
      charges_enabled: true,
      payouts_enabled: true,
      details_submitted: true,
      requirements: { currently_due: [], past_due: [], disabled_reason: null },
      metadata: {},
    },
    more,
  );

export const paymentMethod = (
  change: 'attached' | 'detached' | 'automatically_updated',
  fields: Record<string, unknown>,
  previous?: Record<string, unknown>,
): StripeEvent => {
  const object = {
    id: stripeId('pm'),
    object: 'payment_method',
    type: 'card',
    customer: null,
    metadata: {},
    ...fields,
  };
  const event = eventOf(`payment_method.${change}`, object);
  return previous ? { ...event, data: { object, previous_attributes: previous } } : event;
};
