import type Stripe from 'stripe';

import type { ProcessorSettlement } from '../objects.js';
import type { Calls } from './calls.js';
import { collected, listed } from './listing.js';
import { bookedSettlementOf, settlementOf } from './settlement.js';

/** What a capture of a card, and of anything else, is booked as. */
const captureTypes: readonly string[] = ['charge', 'payment'] satisfies Stripe.BalanceTransaction.Type[];

/**
 * What each capture of a payment's charge brought, oldest first. A charge names the latest balance transaction alone: where that is
 * not all that was captured, they are listed. [] where nothing was captured, or the charge was not expanded. Rejects as `listed` does.
 */
export const chargeSettlements = async (
  stripe: Stripe,
  calls: Calls,
  { latest_charge: charge }: Stripe.PaymentIntent,
): Promise<ProcessorSettlement[]> => {
  if (charge === null || typeof charge === 'string' || charge.amount_captured === 0) return [];
  const { id: source, amount_captured, currency, balance_transaction } = charge;
  const only = settlementOf(balance_transaction, amount_captured, currency);
  if (only?.currency === currency && only.gross === amount_captured) return [only];
  const transactions = await collected(
    listed(
      calls,
      (page) => stripe.balanceTransactions.list({ ...page, source }),
      (transaction) => transaction,
    ),
  );
  const captures = transactions.filter(({ type }) => captureTypes.includes(type)).reverse();
  return captures.map((transaction) => {
    const taken = captures.length === 1 ? amount_captured : takenBy(transaction);
    return bookedSettlementOf(transaction, taken, currency);
  });
};

/** What one of several captures took, in the currency of the charge: Stripe converts amount by rate, and rounds. */
const takenBy = ({ amount, exchange_rate: rate }: Stripe.BalanceTransaction): number =>
  rate === null ? amount : Math.round(amount / rate);
