import { claimOf } from '../../claim.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

export const readCharge: Reader = (charge) => {
  const captured = charge.amount('amount_captured');
  // What a capture left of the hold, and a hold that was given up, count as refunded at Stripe though nobody had paid them.
  const released = Math.max(0, charge.amount('amount') - captured);
  return newsOf({
    about: 'charge',
    processorChargeId: charge.token('id'),
    processorPaymentId: charge.maybeId('payment_intent'),
    currency: charge.currency('currency'),
    captured,
    refunded: Math.max(0, charge.amount('amount_refunded') - released),
    settled: charge.has('balance_transaction'),
    claim: claimOf(charge, charge.maybeId('customer')),
  });
};
