import type { Standing } from '#command-handling/facts';
import { payments, settlementMissing, takenBy, unrecordedCaptures, withSettlements } from '#command-handling/facts';
import type { CaptureRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { StillUnknown, alreadyCaptured, answerFrom, paymentIdOf, unreachable, wanted } from './operation.js';
import { failureAnswer } from './standing.js';

type CaptureCall = TakenCall<CaptureRequested>;

/** Where more was captured than the log has and this capture took, somebody else took the rest. */
const made = (call: CaptureCall, payment: ProcessorPayment, state: Payment, at: string): Standing => {
  const { captureId, attempt, processorPaymentId, amount, final } = call.request;
  const rest = unrecordedCaptures({ state, attempt, answered: { captureId, amount } }, payment, at);
  const fact: PaymentFact = {
    type: 'RecordCapture',
    attempt,
    captureId,
    processorPaymentId,
    amount,
    final: final && rest.length === 0,
    at,
  };
  return withSettlements({ kind: 'captured', facts: [fact, ...rest] }, { state, attempt }, payment, at);
};

/** Whether the payment shows this capture: it is recorded already, or as much was captured as it took besides what is recorded. */
const isShown = ({ request }: CaptureCall, { captured }: ProcessorPayment, state: Payment): boolean => {
  const { captureId, attempt, amount } = request;
  if (state.captures[captureId]?.stage.phase === 'captured') return true;
  return captured >= takenBy(state, attempt) + amount;
};

/** A capture fails, for instance, because the authorization has lapsed or was captured by somebody else: recorded as well. */
const failed = (
  { kind, code }: { kind: string; code: string },
  call: CaptureCall,
  payment: ProcessorPayment | undefined,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment>> => {
  const { captureId, attempt } = call.request;
  const at = desk.now().toISOString();
  return failureAnswer(
    kind,
    { type: 'RecordCaptureFailure', captureId, code, at },
    { call, attempt, state, answered: { captureId, amount: 0 } },
    payment,
    desk,
  );
};

/** Captures what an attempt has authorized. */
export const capturePayment: Operation<CaptureRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { captureId, attempt } }, payment) {
    const phase = payment.captures[captureId]?.stage.phase;
    if (phase === undefined || phase === 'requested') return false;
    return { settlements: wanted(settlementMissing(payment, attempt)) };
  },

  async send(call, desk, state) {
    const { tenantId, request, idempotencyKey } = call;
    const { captureId, processorPaymentId, amount, final } = request;
    const wanted = { tenantId, paymentId: paymentIdOf(call), captureId, processorPaymentId, amount, final };
    const outcome = await desk.line.run(call, () => desk.processor.capturePayment(wanted, idempotencyKey));
    if (outcome.outcome === 'succeeded') {
      const at = desk.now().toISOString();
      return answerFrom(state, (moved) => made(call, outcome.value, moved, at));
    }
    const payment = outcome.outcome === 'rejected' ? outcome.payment : undefined;
    return failed({ kind: outcome.outcome, code: outcome.code }, call, payment, state, desk);
  },

  async look(call, desk, certainty, state) {
    const { processorPaymentId } = call.request;
    const payment = await desk.line.run(call, () => desk.processor.retrievePayment(processorPaymentId));
    if (payment && isShown(call, payment, state)) {
      const at = desk.now().toISOString();
      return answerFrom(state, (moved) => {
        // What was captured may have turned out to be somebody else's meanwhile: look again.
        if (!isShown(call, payment, moved)) throw new StillUnknown();
        return made(call, payment, moved, at);
      });
    }
    if (payment?.status === 'captured') return failed(alreadyCaptured, call, payment, state, desk);
    if (certainty !== 'certain') return undefined;
    return failed({ kind: 'unreachable', code: unreachable }, call, payment, state, desk);
  },
};
