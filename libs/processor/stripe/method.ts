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
    const { brand, last4, exp_month: expMonth, exp_year: expYear, funding, country, fingerprint } = card;
    const known = { country: country ?? undefined, fingerprint: fingerprint ?? undefined };
    return { kind: 'card', brand, last4, expMonth, expYear, funding, ...known };
  }
  if (bank) {
    const { bank_name: bankName, last4, fingerprint } = bank;
    const known = { fingerprint: fingerprint ?? undefined };
    return { kind: 'us_bank_account', bankName: bankName ?? '', last4: last4 ?? '', ...known };
  }
  return { kind: 'other', type };
};
