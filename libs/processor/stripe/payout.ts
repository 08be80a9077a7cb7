import type { ProcessorPayout } from '../objects.js';
import type { Fields } from './fields.js';

const statuses: Readonly<Record<string, ProcessorPayout['status']>> = {
  pending: 'pending',
  in_transit: 'in_transit',
  paid: 'paid',
  failed: 'failed',
  canceled: 'canceled',
};

/** A payout in the port's words. Its amount is below 0 where Stripe took money from the bank account. Throws Unreadable. */
export const payoutOf = (payout: Fields): ProcessorPayout => {
  const failureCode = payout.maybeToken('failure_code');
  return {
    processorPayoutId: payout.token('id'),
    amount: payout.integer('amount'),
    currency: payout.currency('currency'),
    status: payout.word('status', statuses),
    ...(failureCode !== undefined && { failureCode }),
    arrivesOn: payout.instant('arrival_date'),
  };
};
