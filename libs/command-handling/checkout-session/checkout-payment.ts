import type { PaymentEvent } from '#domain/payment';
import type { ShownPayment } from '#projections/payments';

import type { Aggregate } from '../aggregates.js';
import { payments } from '../aggregates.js';

/** A payment as its checkout session sees it. */
export interface CheckoutPayment extends ShownPayment {
  /** The payer's bank was asked once, whatever it has said since. */
  wasWithBank?: true;
}

/** The streams of payments, folded for their checkout sessions. */
export const checkoutPayments: Aggregate<CheckoutPayment, PaymentEvent> = {
  ...payments,
  evolve: (payment, event) => {
    const next = payments.evolve(payment, event);
    return event.type === 'PaymentProcessing' ? { ...next, wasWithBank: true } : next;
  },
};
