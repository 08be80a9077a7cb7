import type { CaptureRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { payments } from '../streams/aggregates.js';
import type { Answer, Operation } from './operation.js';
import { paymentIdOf, unreachable } from './operation.js';
import { settlementMissing, settlementOfCapture } from './settlement.js';

type CaptureCall = TakenCall<CaptureRequested>;

/** The balance transaction is the charge's: of this capture only where it is the charge's only one. */
const isOnlyCapture = ({ final, amount }: CaptureRequested, { captured }: ProcessorPayment): boolean =>
  final && captured === amount;

const made = ({ request }: CaptureCall, payment: ProcessorPayment, at: string): Answer<PaymentFact> => {
  const { captureId, attempt, processorPaymentId, amount, final } = request;
  const fact = { type: 'RecordCapture' as const, attempt, captureId, processorPaymentId, amount, final, at };
  const answer: Answer<PaymentFact> = { kind: 'captured', facts: [fact] };
  return isOnlyCapture(request, payment) ? settlementOfCapture(answer, captureId, payment, at) : answer;
};

/** A capture fails, for instance, because the authorization has lapsed: then that is recorded as well. */
const failed = (
  kind: string,
  { request: { captureId, attempt } }: CaptureCall,
  code: string,
  payment: ProcessorPayment | undefined,
  at: string,
): Answer<PaymentFact> => {
  const failure: PaymentFact = { type: 'RecordCaptureFailure', captureId, code, at };
  if (payment?.status !== 'canceled') return { kind, facts: [failure] };
  return {
    kind,
    facts: [failure, { type: 'RecordCancellation', attempt, reason: 'canceled_at_processor', at }],
  };
};

/** Minor units that other captures of the attempt took. */
const takenBesides = (payment: Payment, { attempt, captureId }: CaptureRequested): number =>
  Object.values(payment.captures)
    .filter((other) => other.attempt === attempt && other.captureId !== captureId && other.stage.phase === 'captured')
    .reduce((sum, { amount }) => sum + amount, 0);

/** Captures what an attempt has authorized. */
export const capturePayment: Operation<CaptureRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request }, payment) {
    const { captureId, attempt } = request;
    const phase = payment.captures[captureId]?.stage.phase;
    if (phase === undefined || phase === 'requested') return false;
    const only = request.final && takenBesides(payment, request) === 0;
    return { settlement: only ? settlementMissing(payment, attempt, captureId) : undefined };
  },

  async send(call, { processor, line, now }) {
    const { tenantId, request, idempotencyKey } = call;
    const { captureId, processorPaymentId, amount, final } = request;
    const wanted = { tenantId, paymentId: paymentIdOf(call), captureId, processorPaymentId, amount, final };
    const outcome = await line.run(call, () => processor.capturePayment(wanted, idempotencyKey));
    const at = now().toISOString();
    if (outcome.outcome === 'succeeded') return made(call, outcome.value, at);
    const payment = outcome.outcome === 'rejected' ? outcome.payment : undefined;
    return failed(outcome.outcome, call, outcome.code, payment, at);
  },

  async look(call, { processor, line, now }, certainty, state) {
    const { processorPaymentId, amount } = call.request;
    const payment = await line.run(call, () => processor.retrievePayment(processorPaymentId));
    const at = now().toISOString();
    if (payment && payment.captured >= takenBesides(state, call.request) + amount) return made(call, payment, at);
    return certainty === 'certain' ? failed('unreachable', call, unreachable, payment, at) : undefined;
  },
};
