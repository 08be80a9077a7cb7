import { derivedId } from '#contracts';
import type { DisputeStatus, PaymentFact } from '#domain/payment';
import type { ProcessorDispute } from '#processor';

import { settlementFact } from './settlement.js';

/** Our id of a dispute derives: nobody here asked for it. */
export const disputeIdOf = (paymentId: string, processorDisputeId: string): string =>
  derivedId(paymentId, `dispute ${processorDisputeId}`);

/** In these no money has moved: the bank only asks, or it never became a dispute. */
const withoutMoney: readonly DisputeStatus[] = ['inquiry', 'inquiry_under_review', 'inquiry_closed', 'prevented'];

/**
 * What the processor's dispute, as it stands, says of the payment: how it stands, that it is open, each movement of money with its
 * settlement, and its outcome. Any order of such reports, repeated as often as you like, ends in the same books.
 */
export const factsOfDispute = (paymentId: string, dispute: ProcessorDispute, at: string): PaymentFact[] => {
  const { processorDisputeId, processorPaymentId, amount, reason, status, evidenceDueBy, submissions } = dispute;
  const disputeId = disputeIdOf(paymentId, processorDisputeId);
  const about = { disputeId, processorPaymentId, amount, at };
  const reported: PaymentFact = {
    type: 'RecordDisputeReported',
    ...about,
    processorDisputeId,
    status,
    reason,
    evidenceDueBy,
    submissions,
  };
  const opened: PaymentFact[] = withoutMoney.includes(status) ? [] : [{ type: 'RecordDisputeOpened', ...about }];
  const moved = dispute.movements.flatMap((movement): PaymentFact[] => {
    const settled = settlementFact('dispute', disputeId, movement, at);
    if (movement.gross === 0) return [settled];
    const direction = movement.gross < 0 ? 'withdrawn' : 'reinstated';
    return [{ type: 'RecordDisputeFunds', ...about, movementId: movement.settlementId, direction }, settled];
  });
  const closed: PaymentFact[] =
    status === 'won' || status === 'lost' ? [{ type: 'RecordDisputeClosed', ...about, outcome: status }] : [];
  return [reported, ...opened, ...moved, ...closed];
};
