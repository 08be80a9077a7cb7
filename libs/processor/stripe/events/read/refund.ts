import { claimOf } from '../../claim.js';
import type { Fields } from '../../fields.js';
import type { RefundParts } from '../../payment.js';
import { isRelease, refundOf } from '../../payment.js';
import { transactionOf } from '../../settlement.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

const statuses: Readonly<Record<string, string>> = {
  pending: 'pending',
  requires_action: 'requires_action',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
};

export const readRefund: Reader = (refund) => {
  const parts = partsOf(refund);
  const claim = claimOf(refund, refund.maybeId('customer'));
  const { status } = parts;
  if (isRelease({ status, balance_transaction: refund.maybeId('balance_transaction') ?? null }, claim)) {
    return { kind: 'unused', reason: 'authorization_released' };
  }
  return newsOf({
    about: 'refund',
    refund: refundOf(parts),
    processorPaymentId: refund.maybeId('payment_intent'),
    currency: parts.currency,
    claim,
  });
};

const partsOf = (refund: Fields): RefundParts => {
  const transaction = refund.expanded('balance_transaction');
  return {
    id: refund.token('id'),
    status: refund.word('status', statuses),
    amount: refund.amount('amount'),
    currency: refund.currency('currency'),
    failure_reason: refund.maybeToken('failure_reason'),
    balance_transaction: transaction ? transactionOf(transaction) : null,
  };
};
