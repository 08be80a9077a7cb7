import type { Payment, PaymentEvent, PaymentFact, RefundRequested } from '#domain/payment';
import type { ProcessorRefund } from '#processor';

import { payments } from '../streams/aggregates.js';
import type { Answer, Operation } from './operation.js';
import { paymentIdOf, settlementFact, unreachable } from './operation.js';
import { refundSettlementMissing } from './settlement.js';

const failed = (
  kind: string,
  { refundId, amount, processorPaymentId }: RefundRequested,
  why: { code: string; processorRefundId?: string },
  at: string,
): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordRefundOutcome', refundId, amount, processorPaymentId, outcome: 'failed', ...why, at }],
});

/** What the processor's refund, as it stands, says. Its end, where it is pending, comes by webhook. */
const answerOf = (request: RefundRequested, refund: ProcessorRefund, at: string): Answer<PaymentFact> => {
  const { refundId, processorPaymentId } = request;
  const { processorRefundId, status, amount, code, settlement } = refund;
  if (status === 'failed') return failed('failed', request, { code: code ?? 'refund_failed', processorRefundId }, at);
  const fact: PaymentFact = {
    type: 'RecordRefundOutcome',
    refundId,
    amount,
    processorPaymentId,
    outcome: status,
    processorRefundId,
    at,
  };
  if (status === 'pending') return { kind: 'pending', facts: [fact] };
  if (settlement) return { kind: 'succeeded', facts: [fact, settlementFact('refund', refundId, settlement, at)] };
  return {
    kind: 'succeeded',
    facts: [fact],
    settlement: { type: 'SettlementWanted', source: 'refund', sourceId: refundId, processorId: processorRefundId },
  };
};

/** Returns money to the payer. */
export const refundPayment: Operation<RefundRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { refundId } }, payment) {
    const phase = payment.refunds[refundId]?.stage.phase;
    if (phase === undefined || phase === 'requested') return false;
    return { settlement: refundSettlementMissing(payment, refundId) };
  },

  async send(call, { processor, line, now }) {
    const { tenantId, request, idempotencyKey } = call;
    const { refundId, processorPaymentId, amount, reason } = request;
    const wanted = { tenantId, paymentId: paymentIdOf(call), refundId, processorPaymentId, amount, reason };
    const outcome = await line.run(call, () => processor.refundPayment(wanted, idempotencyKey));
    const at = now().toISOString();
    if (outcome.outcome === 'succeeded') return answerOf(request, outcome.value, at);
    return failed(outcome.outcome, request, { code: outcome.code }, at);
  },

  async look(call, { processor, line, now }, certainty) {
    const { tenantId, request } = call;
    const { refundId, processorPaymentId } = request;
    const found = await line.run(call, () => processor.findRefund({ tenantId, refundId, processorPaymentId }));
    const at = now().toISOString();
    if (typeof found === 'object') return answerOf(request, found.found, at);
    return certainty === 'certain' && found === 'absent'
      ? failed('unreachable', request, { code: unreachable }, at)
      : undefined;
  },
};
