import type { CancelRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';

import { payments } from '../streams/aggregates.js';
import type { Answer, Operation } from './operation.js';
import { unreachable } from './operation.js';

const done = ({ attempt, reason }: CancelRequested, at: string): Answer<PaymentFact> => ({
  kind: 'canceled',
  facts: [{ type: 'RecordCancellation', attempt, reason, at }],
});

const failed = (kind: string, { cancelId }: CancelRequested, code: string, at: string): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordCancelFailure', cancelId, code, at }],
});

/** Cancels a payment that has captured nothing. One that is canceled already is what was asked for. */
export const cancelPayment: Operation<CancelRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { cancelId, attempt } }, payment) {
    const failed = payment.cancels[cancelId]?.stage.phase === 'failed';
    return (failed || payment.attempts[attempt]?.stage.phase === 'canceled') && {};
  },

  async send(call, { processor, line, now }) {
    const { request, idempotencyKey } = call;
    const { processorPaymentId, reason } = request;
    const outcome = await line.run(call, () => processor.cancelPayment({ processorPaymentId, reason }, idempotencyKey));
    const at = now().toISOString();
    if (outcome.outcome === 'succeeded') return done(request, at);
    if (outcome.outcome === 'rejected' && outcome.payment?.status === 'canceled') return done(request, at);
    return failed(outcome.outcome, request, outcome.code, at);
  },

  async look(call, { processor, line, now }, certainty) {
    const { request } = call;
    const payment = await line.run(call, () => processor.retrievePayment(request.processorPaymentId));
    const at = now().toISOString();
    if (payment?.status === 'canceled') return done(request, at);
    return certainty === 'certain' ? failed('unreachable', request, unreachable, at) : undefined;
  },
};
