import type { CaptureRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { payments } from '../streams/aggregates.js';
import type { Answer, Desk, Operation } from './operation.js';
import { alreadyCaptured, paymentIdOf, unreachable } from './operation.js';
import { settlementMissing, settlementOfCapture } from './settlement.js';
import { failureAnswer, takenBy, unrecordedCapture } from './standing.js';

type CaptureCall = TakenCall<CaptureRequested>;

/** The balance transaction is the charge's: of this capture only where it is the charge's only one. */
const isOnlyCapture = ({ final, amount }: CaptureRequested, { captured }: ProcessorPayment): boolean =>
  final && captured === amount;

/** Where more was captured than the log has and this capture took, somebody else took the rest. */
const made = (call: CaptureCall, payment: ProcessorPayment, state: Payment, at: string): Answer<PaymentFact> => {
  const { captureId, attempt, processorPaymentId, amount, final } = call.request;
  const rest = unrecordedCapture({ call, attempt, state }, payment, at, amount);
  const fact: PaymentFact = {
    type: 'RecordCapture',
    attempt,
    captureId,
    processorPaymentId,
    amount,
    final: final && rest.length === 0,
    at,
  };
  const answer: Answer<PaymentFact> = { kind: 'captured', facts: [fact, ...rest] };
  return isOnlyCapture(call.request, payment) ? settlementOfCapture(answer, captureId, payment, at) : answer;
};

/** A capture fails, for instance, because the authorization has lapsed or was captured by somebody else: recorded as well. */
const failed = (
  { kind, code }: { kind: string; code: string },
  call: CaptureCall,
  payment: ProcessorPayment | undefined,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact>> => {
  const { captureId, attempt } = call.request;
  const at = desk.now().toISOString();
  return failureAnswer(
    kind,
    { type: 'RecordCaptureFailure', captureId, code, at },
    { call, attempt, state },
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
    return { settlement: settlementMissing(payment, attempt) };
  },

  async send(call, desk, state) {
    const { tenantId, request, idempotencyKey } = call;
    const { captureId, processorPaymentId, amount, final } = request;
    const wanted = { tenantId, paymentId: paymentIdOf(call), captureId, processorPaymentId, amount, final };
    const outcome = await desk.line.run(call, () => desk.processor.capturePayment(wanted, idempotencyKey));
    if (outcome.outcome === 'succeeded') return made(call, outcome.value, state, desk.now().toISOString());
    const payment = outcome.outcome === 'rejected' ? outcome.payment : undefined;
    return failed({ kind: outcome.outcome, code: outcome.code }, call, payment, state, desk);
  },

  async look(call, desk, certainty, state) {
    const { processorPaymentId, attempt, amount } = call.request;
    const payment = await desk.line.run(call, () => desk.processor.retrievePayment(processorPaymentId));
    if (payment && payment.captured >= takenBy(state, attempt) + amount) {
      return made(call, payment, state, desk.now().toISOString());
    }
    if (payment?.status === 'captured') return failed(alreadyCaptured, call, payment, state, desk);
    if (certainty !== 'certain') return undefined;
    return failed({ kind: 'unreachable', code: unreachable }, call, payment, state, desk);
  },
};
