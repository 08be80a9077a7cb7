/** Refunds and balance transactions as the API shows them. */
import type { BalanceTransactionRecord, RefundRecord } from '../state/records.js';
import type { Work } from '../state/work.js';

export const presentRefund = (refund: RefundRecord) => ({
  id: refund.id,
  object: 'refund',
  amount: refund.amount,
  balance_transaction: refund.balance_transaction ?? null,
  charge: refund.charge,
  created: refund.created,
  currency: refund.currency,
  customer: refund.customer ?? null,
  customer_account: null,
  destination_details: {
    card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
    type: 'card',
  },
  ...(refund.failure_balance_transaction !== undefined && {
    failure_balance_transaction: refund.failure_balance_transaction,
  }),
  ...(refund.failure_reason !== undefined && { failure_reason: refund.failure_reason }),
  metadata: refund.metadata,
  payment_intent: refund.payment_intent,
  payment_method: refund.payment_method,
  ...(refund.status === 'pending' && { pending_reason: 'processing' }),
  reason: refund.reason ?? null,
  receipt_number: null,
  source_transfer_reversal: null,
  status: refund.status,
  transfer_reversal: null,
});

const categories: Record<Exclude<BalanceTransactionRecord['type'], 'adjustment'>, string> = {
  charge: 'charge',
  payment: 'charge',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund_failure',
  transfer: 'transfer',
  payout: 'payout',
  payout_cancel: 'payout_reversal',
  payout_failure: 'payout_reversal',
};

const categoryOf = ({ type, amount }: BalanceTransactionRecord): string =>
  type === 'adjustment' ? (amount < 0 ? 'dispute' : 'dispute_reversal') : categories[type];

export const presentBalanceTransaction = (transaction: BalanceTransactionRecord, work: Work) => ({
  id: transaction.id,
  object: 'balance_transaction',
  amount: transaction.amount,
  available_on: transaction.available_on,
  balance_type: 'payments',
  created: transaction.created,
  currency: transaction.currency,
  description: transaction.description ?? null,
  exchange_rate: null,
  fee: transaction.fee,
  fee_details:
    transaction.fee === 0
      ? []
      : [
          {
            amount: transaction.fee,
            application: null,
            currency: transaction.currency,
            description: transaction.type === 'adjustment' ? 'Dispute fee' : 'Stripe processing fees',
            type: 'stripe_fee',
          },
        ],
  net: transaction.amount - transaction.fee,
  reporting_category: categoryOf(transaction),
  source: transaction.source,
  status: transaction.available_on <= work.now ? 'available' : 'pending',
  type: transaction.type,
});
