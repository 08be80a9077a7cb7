/** Balance transactions: what each charge, refund, dispute, transfer and payout does to the account's balance. */
import type {
  BalanceTransactionRecord,
  ChargeRecord,
  DisputeRecord,
  PayoutRecord,
  RefundRecord,
  TransferRecord,
} from '../state/records.js';
import type { Work } from '../state/work.js';
import { disputeFeeOf, feeOf } from './currencies.js';
import { testCard } from './test-cards.js';

const SETTLEMENT_SECONDS = 2 * 24 * 60 * 60;

const sourceType = (charge: ChargeRecord): string => (charge.method.type === 'card' ? 'card' : 'bank_account');

type Entry = Omit<BalanceTransactionRecord, 'id' | 'created' | 'currency'>;

const bookAs = (work: Work, source_type: string, currency: string, entry: Entry): string => {
  const id = work.newId('balance_transaction');
  work.save('balance_transaction', { id, created: work.now, currency, ...entry });
  work.post(currency, entry.available_on, source_type, entry.amount - entry.fee);
  return id;
};

const book = (work: Work, charge: ChargeRecord, entry: Entry): string =>
  bookAs(work, sourceType(charge), charge.currency, entry);

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

/** Books what the bank takes for a dispute, and Stripe's fee. Gives the transaction's id. */
export const bookWithdrawal = (work: Work, charge: ChargeRecord, dispute: DisputeRecord): string =>
  book(work, charge, {
    type: 'adjustment',
    amount: -dispute.amount,
    fee: disputeFeeOf(dispute.currency),
    available_on: work.now,
    source: dispute.id,
    description: `Chargeback withdrawal for ${charge.id}`,
  });

/** Books the money of a dispute back; the fee is not returned. */
export const bookReinstatement = (work: Work, charge: ChargeRecord, dispute: DisputeRecord): string =>
  book(work, charge, {
    type: 'adjustment',
    amount: dispute.amount,
    fee: 0,
    available_on: work.now,
    source: dispute.id,
    description: `Chargeback reversal for ${charge.id}`,
  });

/** Books money that leaves for a bank account, or comes back from it. */
export const bookPayout = (
  work: Work,
  payout: Pick<PayoutRecord, 'id' | 'amount' | 'currency' | 'source_type'>,
  type: 'payout' | 'payout_failure' | 'payout_cancel',
): string =>
  bookAs(work, payout.source_type, payout.currency, {
    type,
    amount: type === 'payout' ? -payout.amount : payout.amount,
    fee: 0,
    available_on: work.now,
    source: payout.id,
    description: type === 'payout' ? 'STRIPE PAYOUT' : 'STRIPE PAYOUT REVERSAL',
  });

/** Books a transfer on the platform's side. */
export const bookTransfer = (
  work: Work,
  transfer: Pick<TransferRecord, 'id' | 'amount' | 'currency' | 'source_type'>,
): string =>
  bookAs(work, transfer.source_type ?? 'card', transfer.currency, {
    type: 'transfer',
    amount: -transfer.amount,
    fee: 0,
    available_on: work.now,
    source: transfer.id,
  });

/** Books a transfer on the side of the account that receives it: `work` is for that account. */
export const bookReceivedTransfer = (
  work: Work,
  transfer: Pick<TransferRecord, 'amount' | 'currency' | 'destination_payment'>,
): string =>
  bookAs(work, 'card', transfer.currency, {
    type: 'payment',
    amount: transfer.amount,
    fee: 0,
    available_on: work.now,
    source: transfer.destination_payment,
  });

/** What can be paid out or transferred now, in minor units. */
export const availableOf = (work: Work, currency: string, source_type: string): number =>
  work.store
    .balances(work.account ?? '', work.now)
    .find((row) => row.currency === currency && row.source_type === source_type)?.available ?? 0;
