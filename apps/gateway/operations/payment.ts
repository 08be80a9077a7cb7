import type { Payment, PaymentEvent, PaymentFact, PaymentRequested } from '#domain/payment';
import type { Outcome, ProcessorPayment } from '#processor';
import { automaticCaptureId } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { payments } from '../streams/aggregates.js';
import type { Answer, Desk, Operation } from './operation.js';
import { customerFor, failureOf, madeWithin, paymentIdOf, unreachable } from './operation.js';
import { settlementMissing, settlementOfCapture } from './settlement.js';

type PaymentCall = TakenCall<PaymentRequested>;

const failed = (
  kind: string,
  call: PaymentCall,
  at: string,
  why: { code: string; declineCode?: string; processorPaymentId?: string },
): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordFailure', attempt: call.request.attempt, ...why, at }],
});

const capturedAnswer = (call: PaymentCall, payment: ProcessorPayment, at: string): Answer<PaymentFact> => {
  const { attempt } = call.request;
  const { processorPaymentId, captured: amount } = payment;
  const captureId = automaticCaptureId(paymentIdOf(call), attempt);
  const capture: PaymentFact = {
    type: 'RecordCapture',
    attempt,
    captureId,
    processorPaymentId,
    amount,
    final: true,
    at,
  };
  return settlementOfCapture({ kind: 'captured', facts: [capture] }, captureId, payment, at);
};

/** What the processor's payment, as it stands, says of the attempt; undefined while nobody has confirmed it. */
const answerOf = async (
  call: PaymentCall,
  payment: ProcessorPayment,
  { clientSecrets, now }: Desk,
): Promise<Answer<PaymentFact> | undefined> => {
  const at = now().toISOString();
  const { attempt } = call.request;
  const { processorPaymentId } = payment;
  switch (payment.status) {
    case 'captured':
      return capturedAnswer(call, payment, at);
    case 'authorized': {
      const { amount, expiresAt, multicapture } = payment;
      const type = 'RecordAuthorization';
      return {
        kind: 'authorized',
        facts: [{ type, attempt, processorPaymentId, amount, expiresAt, multicapture: multicapture || undefined, at }],
      };
    }
    case 'action_required': {
      // Before the event: whoever reads it may ask for the secret at once.
      const { action, clientSecret } = payment;
      const owner = { tenantId: call.tenantId, paymentId: paymentIdOf(call), attempt };
      if (clientSecret !== undefined) await clientSecrets.store(owner, clientSecret, now());
      return {
        kind: 'action_required',
        facts: [{ type: 'RecordActionRequired', attempt, processorPaymentId, action, at }],
      };
    }
    case 'processing':
      return { kind: 'processing', facts: [{ type: 'RecordProcessing', attempt, processorPaymentId, at }] };
    case 'failed': {
      const { code, declineCode } = payment;
      return failed('declined', call, at, { code, declineCode, processorPaymentId });
    }
    case 'canceled':
      return failed('canceled', call, at, { code: 'payment_canceled', processorPaymentId });
    case 'unconfirmed':
      return undefined;
  }
};

const answerOfOutcome = async (
  call: PaymentCall,
  outcome: Outcome<ProcessorPayment>,
  desk: Desk,
): Promise<Answer<PaymentFact>> => {
  const at = desk.now().toISOString();
  if (outcome.outcome === 'succeeded') {
    const { processorPaymentId } = outcome.value;
    const unconfirmed = failed('unconfirmed', call, at, { code: 'payment_not_confirmed', processorPaymentId });
    return (await answerOf(call, outcome.value, desk)) ?? unconfirmed;
  }
  const processorPaymentId =
    outcome.outcome === 'declined' ? outcome.processorPaymentId : outcome.payment?.processorPaymentId;
  return failed(outcome.outcome, call, at, { ...failureOf(outcome), processorPaymentId });
};

/** Nobody may confirm it any more: then it is certain that the attempt took no money. */
const abandon = async (
  call: PaymentCall,
  { processorPaymentId }: ProcessorPayment,
  desk: Desk,
): Promise<Answer<PaymentFact> | undefined> => {
  const key = `${call.idempotencyKey}:abandon`;
  const outcome = await desk.line.run(call, () => desk.processor.cancelPayment({ processorPaymentId }, key));
  const payment =
    outcome.outcome === 'succeeded' ? outcome.value : outcome.outcome === 'rejected' ? outcome.payment : undefined;
  if (payment?.status !== 'canceled') return payment && answerOf(call, payment, desk);
  return failed('unreachable', call, desk.now().toISOString(), { code: unreachable, processorPaymentId });
};

/** Makes and confirms one attempt at a payment. */
export const requestPayment: Operation<PaymentRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { attempt } }, payment) {
    const phase = payment.attempts[attempt]?.stage.phase;
    // A webhook may have told of the action, but the client secret comes with the answer alone.
    if (phase === undefined || phase === 'requested' || phase === 'action_required') return false;
    return { settlement: settlementMissing(payment, attempt) };
  },

  async send(call, desk) {
    const { tenantId, request, idempotencyKey } = call;
    const { attempt, amount, currency, captureMethod, customerId, paymentMethodId } = request;
    const refuse = (code: string) => failed(code, call, desk.now().toISOString(), { code });
    const [processorCustomerId, methodKind, token] = await Promise.all([
      customerFor(call, customerId, desk),
      desk.directory.methodKind(call, paymentMethodId),
      desk.tokens.open({ tenantId, paymentMethodId }),
    ]);
    if (processorCustomerId === undefined) return refuse('customer_not_registered');
    if (token === undefined) return refuse('payment_method_erased');
    const paymentId = paymentIdOf(call);
    const wanted = {
      tenantId,
      paymentId,
      attempt,
      amount,
      currency,
      captureMethod,
      processorCustomerId,
      methodKind,
      token,
    };
    const outcome = await desk.line.run(call, () => desk.processor.requestPayment(wanted, idempotencyKey));
    return answerOfOutcome(call, outcome, desk);
  },

  async look(call, desk, certainty) {
    const { tenantId, request } = call;
    const { attempt } = request;
    const processorCustomerId = await customerFor(call, request.customerId, desk);
    const wanted = processorCustomerId && { tenantId, paymentId: paymentIdOf(call), attempt, processorCustomerId };
    const found = wanted
      ? await desk.line.run(call, () => desk.processor.findPayment(wanted, madeWithin(call, desk.now())))
      : 'absent';
    if (typeof found === 'object') {
      const answer = await answerOf(call, found.found, desk);
      return answer ?? (certainty === 'certain' ? abandon(call, found.found, desk) : undefined);
    }
    if (certainty !== 'certain' || found === 'inconclusive') return undefined;
    return failed('unreachable', call, desk.now().toISOString(), { code: unreachable });
  },
};
