import type Stripe from 'stripe';

import type { ProcessorPayment, ProcessorPaymentState, ProcessorRefund } from '../port.js';
import { instant, settlementOf } from './settlement.js';

/** What to expand so that a payment comes with its settlement in one call. */
export const paymentExpand = ['latest_charge.balance_transaction'];

/** A payment intent in the port's words. Its charge's authorization and settlement are known only where they were expanded. */
export const paymentOf = (intent: Stripe.PaymentIntent): ProcessorPayment => {
  const charge = chargeOf(intent);
  return {
    ...stateOf(intent, charge),
    processorPaymentId: intent.id,
    currency: intent.currency,
    captured: intent.amount_received,
    settlement: charge && settlementOf(charge.balance_transaction, charge.amount_captured, charge.currency),
  };
};

const chargeOf = (intent: Stripe.PaymentIntent): Stripe.Charge | undefined =>
  typeof intent.latest_charge === 'object' ? (intent.latest_charge ?? undefined) : undefined;

const stateOf = (intent: Stripe.PaymentIntent, charge: Stripe.Charge | undefined): ProcessorPaymentState => {
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
      return { status: 'unconfirmed' };
    default: // a status that this release does not know: not ended, the webhook will tell
      return { status: 'processing' };
  }
};

const authorizationOf = (intent: Stripe.PaymentIntent, charge: Stripe.Charge | undefined): ProcessorPaymentState => {
  const card = charge?.payment_method_details?.card;
  return {
    status: 'authorized',
    amount: intent.amount_capturable,
    expiresAt: card?.capture_before === undefined ? undefined : instant(card.capture_before),
    multicapture: card?.multicapture?.status === 'available',
  };
};

/** Stripe has no status `failed`: a failed intent waits for another payment method, and says why. */
const failureOf = (intent: Stripe.PaymentIntent): ProcessorPaymentState => {
  const error = intent.last_payment_error;
  if (!error) return { status: 'unconfirmed' };
  return { status: 'failed', code: error.code ?? error.type, declineCode: error.decline_code };
};

/** A refund in the port's words. One that waits for the customer is pending; a canceled one failed. */
export const refundOf = (refund: Stripe.Refund): ProcessorRefund => {
  const common = { processorRefundId: refund.id, amount: refund.amount };
  switch (refund.status) {
    case 'succeeded':
      return {
        ...common,
        status: 'succeeded',
        settlement: settlementOf(refund.balance_transaction, -refund.amount, refund.currency),
      };
    case 'failed':
    case 'canceled':
      return { ...common, status: 'failed', code: refund.failure_reason ?? `refund_${refund.status}` };
    default:
      return { ...common, status: 'pending' };
  }
};
