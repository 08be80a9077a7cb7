import type Stripe from 'stripe';

import type { ProcessorPayment } from '../objects.js';
import type { PaymentStanding } from '../port.js';
import type { Calls } from './calls.js';
import { chargeSettlements } from './charge-settlements.js';
import { claimOf } from './claim.js';
import { disputeOf } from './dispute.js';
import { Fields } from './fields.js';
import { collected, listed } from './listing.js';
import { isRelease, paymentExpand, paymentOf, refundExpand, refundOf } from './payment.js';

/** A payment intent, and the payment that it is, with what each of its captures brought; undefined where there is no such intent. */
const intentOf = async (
  stripe: Stripe,
  calls: Calls,
  processorPaymentId: string,
): Promise<{ intent: Stripe.PaymentIntent; payment: ProcessorPayment } | undefined> => {
  const found = await calls.lookup(
    stripe.paymentIntents.retrieve(processorPaymentId, { expand: paymentExpand }),
    (intent) => ({ intent, payment: paymentOf(intent) }),
  );
  if (!found) return undefined;
  const settlements = await chargeSettlements(stripe, calls, found.intent);
  return { ...found, payment: { ...found.payment, settlements } };
};

/** A payment as it stands, with what each of its captures brought; undefined where there is none. */
export const retrievedPayment = async (
  stripe: Stripe,
  calls: Calls,
  processorPaymentId: string,
): Promise<ProcessorPayment | undefined> => (await intentOf(stripe, calls, processorPaymentId))?.payment;

/**
 * A payment with its refunds and disputes, oldest first; undefined where there is no such payment. These are three look-ups one
 * after the other, or four where it was captured in parts: they need not show one moment, but each object as it stood.
 */
export const standingOf = async (
  stripe: Stripe,
  calls: Calls,
  processorPaymentId: string,
): Promise<PaymentStanding | undefined> => {
  const found = await intentOf(stripe, calls, processorPaymentId);
  if (!found) return undefined;
  const { payment, intent } = found;
  const ofPayment = { payment_intent: processorPaymentId };
  const refunds = await collected(
    listed(
      calls,
      (page) => stripe.refunds.list({ ...page, ...ofPayment, expand: refundExpand.map((field) => `data.${field}`) }),
      (refund) => {
        const claim = claimIn(refund, 'refund');
        return isRelease(refund, claim) ? undefined : { refund: refundOf(refund), claim };
      },
    ),
  );
  const disputes = await collected(
    listed(
      calls,
      (page) => stripe.disputes.list({ ...page, ...ofPayment }),
      (dispute) => disputeOf(new Fields(dispute, 'dispute')),
    ),
  );
  return {
    payment,
    claim: claimIn(intent, 'payment_intent'),
    refunds: refunds.filter((refund) => refund !== undefined).reverse(),
    disputes: disputes.reverse(),
  };
};

const claimIn = (object: unknown, kind: string) => {
  const fields = new Fields(object, kind);
  return claimOf(fields, fields.maybeId('customer'));
};
