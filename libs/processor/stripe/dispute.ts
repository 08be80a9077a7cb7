import type { ProcessorDispute, ProcessorDisputeMovement, ProcessorDisputeStatus } from '../objects.js';
import type { Fields } from './fields.js';
import { Unreadable } from './fields.js';
import { bookedSettlementOf, transactionOf } from './settlement.js';

/** An appeal is another round of the same dispute: the money is still away, and evidence is wanted or under review. */
const statuses: Readonly<Record<string, ProcessorDisputeStatus>> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry_under_review',
  warning_closed: 'inquiry_closed',
  needs_response: 'needs_response',
  under_review: 'under_review',
  appeal_needs_response: 'needs_response',
  appeal_under_review: 'under_review',
  won: 'won',
  lost: 'lost',
  prevented: 'prevented',
};

/** Movements of one dispute: each round takes or gives back once. */
const maxMovements = 100;

/** A dispute in the port's words. Throws Unreadable. */
export const disputeOf = (dispute: Fields): ProcessorDispute => {
  const amount = dispute.amount('amount');
  const currency = dispute.currency('currency');
  const movements = dispute
    .list('balance_transactions', maxMovements)
    .map((transaction) => movementOf(transaction, amount, currency));
  const details = dispute.fields('evidence_details');
  const dueBy = details.maybeInstant('due_by');
  return {
    processorDisputeId: dispute.token('id'),
    processorPaymentId: dispute.maybeId('payment_intent'),
    amount,
    currency,
    reason: dispute.token('reason'),
    status: statusOf(dispute, movements.length),
    ...(dueBy !== undefined && { evidenceDueBy: dueBy }),
    submissions: details.amount('submission_count'),
    movements,
  };
};

/**
 * `charge_refunded`, until version 2024-09-30.acacia: a refund answered it. Where no money had moved that is the end of an
 * inquiry; of a dispute that had taken money the word does not say who has it now.
 */
const statusOf = (dispute: Fields, movements: number): ProcessorDisputeStatus => {
  if (dispute.raw('status') !== 'charge_refunded') return dispute.word('status', statuses);
  if (movements > 0) throw new Unreadable('dispute.status');
  return 'inquiry_closed';
};

const movementOf = (transaction: Fields, amount: number, currency: string): ProcessorDisputeMovement => {
  const parts = transactionOf(transaction);
  return bookedSettlementOf(parts, parts.amount < 0 ? -amount : amount, currency);
};
