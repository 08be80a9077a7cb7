import type { Payment, PaymentFact } from '#domain/payment';
import { derivedId } from '#contracts';
import type { ProcessorRefund } from '#processor';

import { settlementFact } from './settlement.js';
import type { Standing } from './subject.js';

/** A refund that nobody asked of us, for instance one made in the processor's dashboard. Its id derives. */
export const foreignRefundId = (paymentId: string, processorRefundId: string): string =>
  derivedId(paymentId, `refund ${processorRefundId}`);

/** Our refund that the processor knows under this id. */
export const refundIdOf = (payment: Payment, processorRefundId: string): string | undefined =>
  Object.values(payment.refunds).find(
    ({ stage }) => 'processorRefundId' in stage && stage.processorRefundId === processorRefundId,
  )?.refundId;

/** Whether `refundId` is a refund of this charge of which nothing has told yet by which id the processor knows it: only then a claim can be true. */
export const isUnheardRefund = (payment: Payment, refundId: string, processorPaymentId: string): boolean => {
  const refund = payment.refunds[refundId];
  if (!refund || (refund.processorPaymentId ?? processorPaymentId) !== processorPaymentId) return false;
  return !('processorRefundId' in refund.stage) || refund.stage.processorRefundId === undefined;
};

/** Whether all that a refund moved has come back: it failed, and the processor's books are even again. */
export const isReversed = ({ settlements }: Payment, refundId: string): boolean => {
  const moved = Object.values(settlements).filter(({ sourceId }) => sourceId === refundId);
  return moved.length > 0 && moved.reduce((sum, { gross }) => sum + gross, 0) === 0;
};

/** What the processor's refund, as it stands, says of ours. `processorPaymentId` is the refunded charge's. */
export const factsOfRefund = (
  { refundId, processorPaymentId }: { refundId: string; processorPaymentId: string },
  refund: ProcessorRefund,
  at: string,
): Standing => {
  const { processorRefundId, status, amount, settlement, reversal } = refund;
  const about = { type: 'RecordRefundOutcome', refundId, amount, processorPaymentId, processorRefundId, at } as const;
  if (status === 'failed') {
    const code = refund.code ?? 'refund_failed';
    const moved = [settlement, reversal].flatMap((each) => each ?? []);
    const settlements = moved.map((each) => settlementFact('refund', refundId, each, at));
    return { kind: 'failed', facts: [{ ...about, outcome: 'failed', code }, ...settlements] };
  }
  const fact: PaymentFact = { ...about, outcome: status };
  if (status === 'pending') return { kind: 'pending', facts: [fact] };
  if (settlement) return { kind: 'succeeded', facts: [fact, settlementFact('refund', refundId, settlement, at)] };
  return {
    kind: 'succeeded',
    facts: [fact],
    settlement: { type: 'SettlementWanted', source: 'refund', sourceId: refundId, processorId: processorRefundId },
  };
};
