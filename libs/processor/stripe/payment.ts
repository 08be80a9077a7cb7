import type Stripe from 'stripe';

import type { Claim, ProcessorPayment, ProcessorPaymentState, ProcessorRefund } from '../objects.js';
import { instant } from './instant.js';
import type { TransactionParts } from './settlement.js';
import { settlementOf } from './settlement.js';

/** What of a charge is read besides its id. */
export interface ChargeParts extends Pick<Stripe.Charge, 'amount_captured' | 'currency'> {
  balance_transaction: string | TransactionParts | null;
  payment_method_details: { card?: { capture_before?: number; multicapture?: { status: string } } } | null;
}

/** What of a payment intent is read. */
export interface IntentParts extends Pick<
  Stripe.PaymentIntent,
  'id' | 'status' | 'currency' | 'amount_received' | 'amount_capturable' | 'client_secret'
> {
  latest_charge: string | ChargeParts | null;
  next_action: { type: string } | null;
  last_payment_error: { code?: string; type: string; decline_code?: string } | null;
}

/** What of a refund is read. */
export interface RefundParts extends Pick<Stripe.Refund, 'id' | 'status' | 'amount' | 'currency' | 'failure_reason'> {
  balance_transaction: string | TransactionParts | null;
  failure_balance_transaction?: string | TransactionParts | null;
}

/** What to expand so that a refund comes with all that it moved. */
export const refundExpand = ['balance_transaction', 'failure_balance_transaction'];

/** What to expand so that a payment comes with its settlement in one call. */
export const paymentExpand = ['latest_charge.balance_transaction'];

/** A payment intent in the port's words. Its charge's authorization and settlement are known only where they were expanded. */
export const paymentOf = (intent: IntentParts): ProcessorPayment => {
  const charge = chargeOf(intent);
  return {
    ...stateOf(intent, charge),
    processorPaymentId: intent.id,
    currency: intent.currency,
    captured: intent.amount_received,
    settlement: charge && settlementOf(charge.balance_transaction, charge.amount_captured, charge.currency),
  };
};

const chargeOf = (intent: IntentParts): ChargeParts | undefined =>
  typeof intent.latest_charge === 'object' ? (intent.latest_charge ?? undefined) : undefined;

const stateOf = (intent: IntentParts, charge: ChargeParts | undefined): ProcessorPaymentState => {
  switch (intent.status) {
    case 'succeeded':
      return { status: 'captured' };
    case 'requires_capture':
      return authorizationOf(intent, charge);
    case 'requires_action':
      return {
        status: 'action_required',
        action: intent.next_action?.type ?? 'unknown',
        clientSecret: intent.client_secret ?? undefined,
      };
    case 'processing':
      return { status: 'processing' };
    case 'canceled':
      return { status: 'canceled' };
    case 'requires_payment_method':
      return failureOf(intent);
    case 'requires_confirmation':
      return { status: 'unconfirmed', awaits: 'confirmation' };
    default: // a status that this release does not know: not ended, the webhook will tell
      return { status: 'processing' };
  }
};

const authorizationOf = (intent: IntentParts, charge: ChargeParts | undefined): ProcessorPaymentState => {
  const card = charge?.payment_method_details?.card;
  return {
    status: 'authorized',
    amount: intent.amount_capturable,
    expiresAt: card?.capture_before === undefined ? undefined : instant(card.capture_before),
    multicapture: card?.multicapture?.status === 'available',
  };
};

/** Stripe has no status `failed`: a failed intent waits for another payment method, and says why. */
const failureOf = (intent: IntentParts): ProcessorPaymentState => {
  const error = intent.last_payment_error;
  if (!error) return { status: 'unconfirmed', awaits: 'method' };
  return { status: 'failed', code: error.code ?? error.type, declineCode: error.decline_code };
};

/**
 * Whether it is no refund at all: what a capture leaves of a hold, and a hold that is given up, become a refund that succeeded
 * without having moved money. One that we asked for is a refund whatever it lacks.
 */
export const isRelease = (refund: Pick<Stripe.Refund, 'status' | 'balance_transaction'>, claim: Claim): boolean =>
  refund.status === 'succeeded' && refund.balance_transaction === null && claim.refundId === undefined;

/** A refund in the port's words. One that waits for the customer is pending; a canceled one failed. */
export const refundOf = (refund: RefundParts): ProcessorRefund => {
  const { id, amount, currency } = refund;
  const common = { processorRefundId: id, amount };
  const settlement = settlementOf(refund.balance_transaction, -amount, currency);
  switch (refund.status) {
    case 'succeeded':
      return { ...common, status: 'succeeded', settlement };
    case 'failed':
    case 'canceled': {
      const reversal = settlementOf(refund.failure_balance_transaction ?? null, amount, currency);
      return {
        ...common,
        status: 'failed',
        code: refund.failure_reason ?? `refund_${refund.status}`,
        settlement,
        reversal,
      };
    }
    default:
      return { ...common, status: 'pending' };
  }
};
