/** Refunds: at once, pending first, or failing afterwards. https://docs.stripe.com/refunds */
import type { ChargeRecord, Metadata, RefundRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused } from '../wire/errors.js';
import { refundableAmount } from './charging.js';
import { assertDivisible, written } from './currencies.js';
import { assertNotChargedBack, closeAfterRefund } from './disputes.js';
import { bookRefund, bookRefundFailure } from './ledger.js';
import { testCard } from './test-cards.js';

export interface RefundWishes {
  /** Minor units; the whole rest when absent. */
  amount?: number | undefined;
  reason?: string | undefined;
  metadata: Metadata;
}

/** Throws charge_already_refunded, or a 400 on `amount` when more is wanted than is left. */
const amountToRefund = (charge: ChargeRecord, wanted: number | undefined): number => {
  const rest = refundableAmount(charge);
  if (rest === 0) throw refused(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
  if (wanted === undefined) return rest;
  if (wanted > rest) {
    throw refused(
      `Refund amount (${written(wanted, charge.currency)}) is greater than unrefunded amount on charge (${written(rest, charge.currency)})`,
      undefined,
      'amount',
    );
  }
  assertDivisible(wanted, charge.currency);
  return wanted;
};

/** Refunds `charge`, which is a successful and captured one. */
export const createRefund = (work: Work, charge: ChargeRecord, wishes: RefundWishes): RefundRecord => {
  assertNotChargedBack(work, charge);
  const amount = amountToRefund(charge, wishes.amount);
  const behaviour = charge.method.type === 'card' ? testCard(charge.method.test).refunds : 'succeed_later';
  const draft: RefundRecord = {
    id: work.newId('refund'),
    created: work.now,
    status: behaviour === 'succeed_later' ? 'pending' : 'succeeded',
    amount,
    currency: charge.currency,
    charge: charge.id,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    metadata: wishes.metadata,
    customer: charge.customer,
    reason: wishes.reason,
  };
  const refund = work.save(
    'refund',
    draft.status === 'pending' ? draft : { ...draft, balance_transaction: bookRefund(work, charge, draft) },
  );
  work.link(charge.id, refund.id);
  if (behaviour !== undefined) work.settleLater(refund.id);
  const refunded = work.save('charge', { ...charge, amount_refunded: charge.amount_refunded + amount });
  work.event('refund.created', 'refund', refund);
  work.event('charge.refunded', 'charge', refunded, { amount_refunded: charge.amount_refunded });
  if (refundableAmount(refunded) === 0) closeAfterRefund(work, refunded, wishes.reason === 'fraudulent');
  return refund;
};

/** The money stays where it was: the charge can be refunded again. */
const giveBack = (work: Work, charge: ChargeRecord, refund: RefundRecord): void => {
  work.save('charge', { ...charge, amount_refunded: charge.amount_refunded - refund.amount });
};

/** Cancels a pending refund. Throws for any other. */
export const cancelRefund = (work: Work, refund: RefundRecord): RefundRecord => {
  if (refund.status !== 'pending') {
    throw refused(
      `Refund ${refund.id} cannot be canceled: its status is ${refund.status}.`,
      'status_transition_invalid',
    );
  }
  giveBack(work, work.get('charge', refund.charge), refund);
  const canceled = work.save('refund', { ...refund, status: 'canceled' });
  work.event('refund.updated', 'refund', canceled, { status: 'pending' });
  return canceled;
};

/** The bank has answered: a pending refund succeeds, one with a test card made for it fails. */
export const settleRefund = (work: Work, refund: RefundRecord): void => {
  const charge = work.get('charge', refund.charge);
  if (refund.status === 'pending') {
    const balance_transaction = bookRefund(work, charge, refund);
    const succeeded = work.save('refund', { ...refund, status: 'succeeded', balance_transaction });
    work.event('refund.updated', 'refund', succeeded, { status: 'pending' });
  } else if (refund.status === 'succeeded') {
    giveBack(work, charge, refund);
    const failed = work.save('refund', {
      ...refund,
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: bookRefundFailure(work, charge, refund),
    });
    work.event('refund.updated', 'refund', failed, { status: 'succeeded' });
    work.event('refund.failed', 'refund', failed, { status: 'succeeded' });
  }
};
