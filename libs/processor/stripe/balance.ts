import type Stripe from 'stripe';

import type { ProcessorBalance } from '../port.js';

/** A balance in the port's words, by currency in the order of the alphabet. */
export const balancesOf = ({
  available,
  pending,
}: Pick<Stripe.Balance, 'available' | 'pending'>): ProcessorBalance[] => {
  const currencies = new Set([...available, ...pending].map(({ currency }) => currency));
  return [...currencies].sort().map((currency) => ({
    currency,
    available: sumOf(available, currency),
    pending: sumOf(pending, currency),
  }));
};

const sumOf = (amounts: readonly { amount: number; currency: string }[], currency: string): number =>
  amounts.filter((each) => each.currency === currency).reduce((sum, { amount }) => sum + amount, 0);
