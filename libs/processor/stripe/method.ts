import type Stripe from 'stripe';

import type { MethodDetails, ProcessorMethod } from '../port.js';

/** A payment method in the port's words. */
export const methodOf = (method: Stripe.PaymentMethod): ProcessorMethod => ({
  token: method.id,
  processorCustomerId: (typeof method.customer === 'string' ? method.customer : method.customer?.id) ?? undefined,
  details: detailsOf(method),
});

const detailsOf = ({ type, card, us_bank_account: bank }: Stripe.PaymentMethod): MethodDetails => {
  if (card) {
    const { brand, last4, exp_month: expMonth, exp_year: expYear, funding, country } = card;
    return { kind: 'card', brand, last4, expMonth, expYear, funding, country: country ?? undefined };
  }
  if (bank) return { kind: 'us_bank_account', bankName: bank.bank_name ?? '', last4: bank.last4 ?? '' };
  return { kind: 'other', type };
};
