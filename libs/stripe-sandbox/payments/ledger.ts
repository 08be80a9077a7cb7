/** Balance transactions: what each charge and refund does to the account's balance. */
import type { BalanceTransactionRecord, ChargeRecord, RefundRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { feeOf } from './currencies.js';
import { testCard } from './test-cards.js';

const SETTLEMENT_SECONDS = 2 * 24 * 60 * 60;

const sourceType = (charge: ChargeRecord): string => (charge.method.type === 'card' ? 'card' : 'bank_account');

const book = (
  work: Work,
  charge: ChargeRecord,
  entry: Omit<BalanceTransactionRecord, 'id' | 'created' | 'currency'>,
): string => {
  const transaction = work.save('balance_transaction', {
    id: work.newId('balance_transaction'),
    created: work.now,
    currency: charge.currency,
    ...entry,
  });
  work.post(charge.currency, entry.available_on, sourceType(charge), entry.amount - entry.fee);
  return transaction.id;
};

/** Books `amount` of `charge` as taken: less the fee, available two days from now. Gives the transaction's id. */
export const bookCharge = (work: Work, charge: ChargeRecord, amount: number): string => {
  const isCard = charge.method.type === 'card';
  return book(work, charge, {
    type: isCard ? 'charge' : 'payment',
    amount,
    fee: feeOf(amount),
    available_on: work.now + (isCard && testCard(charge.method.test).bypassesPending ? 0 : SETTLEMENT_SECONDS),
    source: charge.id,
    ...(charge.description !== undefined && { description: charge.description }),
  });
};

/** Books a refund: out of what the charge brought, or of what is available if that is long ago. */
export const bookRefund = (work: Work, charge: ChargeRecord, refund: RefundRecord): string => {
  const taken = charge.balance_transaction && work.find('balance_transaction', charge.balance_transaction);
  return book(work, charge, {
    type: charge.method.type === 'card' ? 'refund' : 'payment_refund',
    amount: -refund.amount,
    fee: 0,
    available_on: Math.max(work.now, taken ? taken.available_on : 0),
    source: refund.id,
    description: `REFUND FOR ${charge.description ?? 'CHARGE'}`,
  });
};

/** Books the money of a failed refund back. */
export const bookRefundFailure = (work: Work, charge: ChargeRecord, refund: RefundRecord): string =>
  book(work, charge, {
    type: 'refund_failure',
    amount: refund.amount,
    fee: 0,
    available_on: work.now,
    source: refund.id,
    description: 'REFUND FAILURE',
  });
