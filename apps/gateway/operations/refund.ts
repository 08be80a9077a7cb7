import type { Standing } from '#command-handling/facts';
import { factsOfRefund, payments, refundSettlementMissing } from '#command-handling/facts';
import type { Payment, PaymentEvent, PaymentFact, RefundRequested } from '#domain/payment';

import type { Answer, Operation } from './operation.js';
import { paymentIdOf, unreachable, wanted } from './operation.js';

const answerOf = ({ kind, facts, settlement }: Standing): Answer<PaymentFact> => ({
  kind,
  facts,
  settlements: wanted(settlement),
});

const failed = (
  kind: string,
  { refundId, amount, processorPaymentId }: RefundRequested,
  code: string,
  at: string,
): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordRefundOutcome', refundId, amount, processorPaymentId, outcome: 'failed', code, at }],
});

/** Returns money to the payer. The end of a refund that is pending comes by webhook. */
export const refundPayment: Operation<RefundRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { refundId } }, payment) {
    const phase = payment.refunds[refundId]?.stage.phase;
    if (phase === undefined || phase === 'requested') return false;
    return { settlements: wanted(refundSettlementMissing(payment, refundId)) };
  },

  async send(call, { processor, line, now }) {
    const { tenantId, request, idempotencyKey } = call;
    const { refundId, processorPaymentId, amount, reason } = request;
    const wanted = { tenantId, paymentId: paymentIdOf(call), refundId, processorPaymentId, amount, reason };
    const outcome = await line.run(call, () => processor.refundPayment(wanted, idempotencyKey));
    const at = now().toISOString();
    if (outcome.outcome === 'succeeded') return answerOf(factsOfRefund(request, outcome.value, at));
    return failed(outcome.outcome, request, outcome.code, at);
  },

  async look(call, { processor, line, now }, certainty) {
    const { tenantId, request } = call;
    const { refundId, processorPaymentId } = request;
    const found = await line.run(call, () => processor.findRefund({ tenantId, refundId, processorPaymentId }));
    const at = now().toISOString();
    if (typeof found === 'object') return answerOf(factsOfRefund(request, found.found, at));
    return certainty === 'certain' && found === 'absent' ? failed('unreachable', request, unreachable, at) : undefined;
  },
};
