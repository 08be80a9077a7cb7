import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { SettlementWanted } from '../calls/call.js';
import { payments } from '../streams/aggregates.js';
import type { Answer, Operation } from './operation.js';
import { NotReady, settlementFact } from './operation.js';

const dayMs = 24 * 3_600_000;

/** The settlement of an only capture: recorded with it, or fetched later. Facts about money already counted stay first. */
export const settlementOfCapture = (
  answer: Answer<PaymentFact>,
  captureId: string,
  { processorPaymentId, settlement }: ProcessorPayment,
  at: string,
): Answer<PaymentFact> =>
  settlement
    ? { ...answer, facts: [...answer.facts, settlementFact('capture', captureId, settlement, at)] }
    : {
        ...answer,
        settlement: {
          type: 'SettlementWanted',
          source: 'capture',
          sourceId: captureId,
          processorId: processorPaymentId,
        },
      };

const isSettled = (payment: Payment, sourceId: string): boolean =>
  Object.values(payment.settlements).some((settlement) => settlement.sourceId === sourceId);

/** What is still to fetch for an attempt whose only, final capture is in the stream without its settlement. */
export const settlementMissing = (payment: Payment, attempt: number): SettlementWanted | undefined => {
  const processorId = payment.attempts[attempt]?.processorPaymentId;
  const [only, ...others] = Object.values(payment.captures).filter(
    (capture) => capture.attempt === attempt && capture.stage.phase === 'captured',
  );
  if (processorId === undefined || !only?.final || others.length > 0) return undefined;
  if (isSettled(payment, only.captureId)) return undefined;
  return { type: 'SettlementWanted', source: 'capture', sourceId: only.captureId, processorId };
};

/** The same for a refund. */
export const refundSettlementMissing = (payment: Payment, refundId: string): SettlementWanted | undefined => {
  const stage = payment.refunds[refundId]?.stage;
  if (stage?.phase !== 'succeeded' || isSettled(payment, refundId)) return undefined;
  return { type: 'SettlementWanted', source: 'refund', sourceId: refundId, processorId: stage.processorRefundId };
};

/** Fetches a balance transaction that was not there when the money moved. Given up after a day: reconciliation finds it. */
export const fetchSettlement: Operation<SettlementWanted, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended: ({ request }, payment) => isSettled(payment, request.sourceId) && {},

  async send(call, { processor, line, now }) {
    const { source, sourceId, processorId } = call.request;
    const settlement = await line.run(call, () => processor.fetchSettlement({ source, processorId }));
    if (settlement) {
      const fact = settlementFact(source, sourceId, settlement, now().toISOString());
      return { kind: 'settled', facts: [fact] };
    }
    if (now().getTime() - call.createdAt.getTime() > dayMs) return { kind: 'given_up', facts: [] };
    throw new NotReady('settlement_pending', 5_000, 3_600_000);
  },

  look: (call, desk, _certainty, state) => fetchSettlement.send(call, desk, state),
};
