import type { Capture, Payment, RecordSettlement, Settlement } from '#domain/payment';
import type { ProcessorSettlement } from '#processor';

/** The processor moved money but had no balance transaction yet: fetch it later. */
export interface SettlementWanted {
  type: 'SettlementWanted';
  source: 'capture' | 'refund';
  /** The captureId or refundId. */
  sourceId: string;
  /** What the processor calls the payment or refund. */
  processorId: string;
}

/** The fact of a settlement: of a captureId, refundId or disputeId. */
export const settlementFact = (
  source: RecordSettlement['source'],
  sourceId: string,
  settlement: ProcessorSettlement,
  at: string,
): RecordSettlement => ({ type: 'RecordSettlement', source, sourceId, ...settlement, at });

export const isSettled = (payment: Payment, sourceId: string): boolean =>
  Object.values(payment.settlements).some((settlement) => settlement.sourceId === sourceId);

/** The captures of an attempt that were made, in the order in which they were first told of. */
export const capturesOf = (payment: Payment, attempt: number): Capture[] =>
  Object.values(payment.captures).filter(
    (capture) => capture.attempt === attempt && capture.stage.phase === 'captured',
  );

const total = (items: readonly { amount: number }[]): number => items.reduce((sum, { amount }) => sum + amount, 0);

/** Whether settlements without a conversion are less than what was captured: a part of one capture has none yet. */
const fallsShort = (settlements: readonly Settlement[], captures: readonly Capture[], currency: string): boolean =>
  settlements.every((settlement) => settlement.currency === currency) &&
  settlements.reduce((sum, { gross }) => sum + gross, 0) < total(captures);

/** What is still to fetch for an attempt, whose captures are settled one by one: fetching it brings what there is for all of them. */
export const settlementMissing = (payment: Payment, attempt: number): SettlementWanted | undefined => {
  const processorId = payment.attempts[attempt]?.processorPaymentId;
  const captures = capturesOf(payment, attempt);
  const last = captures.at(-1);
  if (processorId === undefined || !last) return undefined;
  const sourceIds = new Set(captures.map(({ captureId }) => captureId));
  const settlements = Object.values(payment.settlements).filter(({ sourceId }) => sourceIds.has(sourceId));
  const unsettled =
    captures.find(({ captureId }) => !isSettled(payment, captureId)) ??
    (fallsShort(settlements, captures, payment.currency) ? last : undefined);
  return unsettled && { type: 'SettlementWanted', source: 'capture', sourceId: unsettled.captureId, processorId };
};

/** The same for a refund. */
export const refundSettlementMissing = (payment: Payment, refundId: string): SettlementWanted | undefined => {
  const stage = payment.refunds[refundId]?.stage;
  if (stage?.phase !== 'succeeded' || isSettled(payment, refundId)) return undefined;
  return { type: 'SettlementWanted', source: 'refund', sourceId: refundId, processorId: stage.processorRefundId };
};
