import { payments, settlementMissing } from '#command-handling/facts';
import type { CancelRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { alreadyCaptured, unreachable, wanted } from './operation.js';
import { failureAnswer } from './standing.js';

type CancelCall = TakenCall<CancelRequested>;

const done = ({ attempt, reason }: CancelRequested, at: string): Answer<PaymentFact> => ({
  kind: 'canceled',
  facts: [{ type: 'RecordCancellation', attempt, reason, at }],
});

/** A cancellation fails, for instance, because it comes too late: then the money that was taken is recorded as well. */
const failed = (
  { kind, code }: { kind: string; code: string },
  call: CancelCall,
  payment: ProcessorPayment | undefined,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment>> => {
  const { cancelId, attempt } = call.request;
  const at = desk.now().toISOString();
  return failureAnswer(
    kind,
    { type: 'RecordCancelFailure', cancelId, code, at },
    { call, attempt, state },
    payment,
    desk,
  );
};

/** Cancels a payment that has captured nothing. One that is canceled already is what was asked for. */
export const cancelPayment: Operation<CancelRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { cancelId, attempt } }, payment) {
    const failed = payment.cancels[cancelId]?.stage.phase === 'failed';
    if (!failed && payment.attempts[attempt]?.stage.phase !== 'canceled') return false;
    return { settlements: wanted(settlementMissing(payment, attempt)) };
  },

  async send(call, desk, state) {
    const { request, idempotencyKey } = call;
    const { processorPaymentId, reason } = request;
    const outcome = await desk.line.run(call, () =>
      desk.processor.cancelPayment({ processorPaymentId, reason }, idempotencyKey),
    );
    const at = desk.now().toISOString();
    if (outcome.outcome === 'succeeded') return done(request, at);
    const payment = outcome.outcome === 'rejected' ? outcome.payment : undefined;
    if (payment?.status === 'canceled') return done(request, at);
    return failed({ kind: outcome.outcome, code: outcome.code }, call, payment, state, desk);
  },

  async look(call, desk, certainty, state) {
    const { request } = call;
    const payment = await desk.line.run(call, () => desk.processor.retrievePayment(request.processorPaymentId));
    if (payment?.status === 'canceled') return done(request, desk.now().toISOString());
    // No cancellation can come after that, whatever may still be executed.
    if (payment?.status === 'captured') return failed(alreadyCaptured, call, payment, state, desk);
    if (certainty !== 'certain') return undefined;
    return failed({ kind: 'unreachable', code: unreachable }, call, payment, state, desk);
  },
};
