import { paymentCanceled, payments, settlementMissing } from '#command-handling/facts';
import type { Payment, PaymentEvent, PaymentFact, PaymentRequested } from '#domain/payment';
import type { Found, Outcome, ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { isTooLate } from './payer-patience.js';
import { closeEarlierAttempts } from './earlier-attempts.js';
import type { Answer, Desk, Operation } from './operation.js';
import { customerFor, failureOf, madeWithin, paymentIdOf, unchanged, unreachable, wanted } from './operation.js';
import { standingAnswer } from './standing.js';

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

/** What the processor's payment, as it stands, says of the attempt; undefined while nobody has confirmed it. */
const answerOf = async (
  call: PaymentCall,
  payment: ProcessorPayment,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment> | undefined> => {
  const { processorPaymentId, status } = payment;
  if (status !== 'canceled') return standingAnswer(call, { state, attempt: call.request.attempt }, payment, desk);
  return failed('canceled', call, desk.now().toISOString(), { code: paymentCanceled, processorPaymentId });
};

/** A refusal ends the attempt, unless the payment that came with it says otherwise: it may hold or have taken money. */
const answerOfOutcome = async (
  call: PaymentCall,
  outcome: Outcome<ProcessorPayment>,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment>> => {
  const at = desk.now().toISOString();
  if (outcome.outcome === 'succeeded') {
    const { processorPaymentId } = outcome.value;
    const unconfirmed = failed('unconfirmed', call, at, { code: 'payment_not_confirmed', processorPaymentId });
    return (await answerOf(call, outcome.value, state, desk)) ?? unconfirmed;
  }
  const shown = outcome.outcome === 'rejected' ? outcome.payment : undefined;
  const answer = shown && (await answerOf(call, shown, state, desk));
  if (answer) return answer;
  const processorPaymentId = outcome.outcome === 'declined' ? outcome.processorPaymentId : shown?.processorPaymentId;
  return failed(outcome.outcome, call, at, { ...failureOf(outcome), processorPaymentId });
};

/** Nobody may confirm it any more: then it is certain that the attempt took no money. */
const abandon = async (
  call: PaymentCall,
  { processorPaymentId }: ProcessorPayment,
  state: Payment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment> | undefined> => {
  const key = `${call.idempotencyKey}:abandon`;
  const outcome = await desk.line.run(call, () => desk.processor.cancelPayment({ processorPaymentId }, key));
  const payment =
    outcome.outcome === 'succeeded' ? outcome.value : outcome.outcome === 'rejected' ? outcome.payment : undefined;
  if (payment?.status !== 'canceled') return payment && answerOf(call, payment, state, desk);
  return failed('unreachable', call, desk.now().toISOString(), { code: unreachable, processorPaymentId });
};

/** Whether nothing but our confirmation is missing, because the payer was asked for something: they have the client secret. */
const isWithPayer = ({ request: { attempt } }: PaymentCall, payment: ProcessorPayment, state: Payment): boolean =>
  payment.status === 'unconfirmed' &&
  payment.awaits === 'confirmation' &&
  state.attempts[attempt]?.stage.phase === 'action_required';

/** The attempt at the processor, under whichever of its customer's ids it was made: they may be others by now. */
const findAttempt = async (call: PaymentCall, desk: Desk): Promise<Found<ProcessorPayment>> => {
  const { tenantId, request } = call;
  const { attempt, customerId } = request;
  await customerFor(call, customerId, desk); // throws while it has none
  let absence: 'absent' | 'inconclusive' = 'absent';
  for (const processorCustomerId of await desk.directory.everyCustomerId(call, customerId)) {
    const wanted = { tenantId, paymentId: paymentIdOf(call), attempt, processorCustomerId };
    const found = await desk.line.run(call, () => desk.processor.findPayment(wanted, madeWithin(call, desk.now())));
    if (typeof found === 'object') return found;
    if (found === 'inconclusive') absence = found;
  }
  return absence;
};

/** Makes and confirms one attempt at a payment. */
export const requestPayment: Operation<PaymentRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { attempt } }, payment) {
    const phase = payment.attempts[attempt]?.stage.phase;
    // A webhook may have told of the action, but the client secret comes with the answer alone.
    if (phase === undefined || phase === 'requested' || phase === 'action_required') return false;
    return { settlements: wanted(settlementMissing(payment, attempt)) };
  },

  async send(call, desk, state) {
    const { tenantId, request, idempotencyKey } = call;
    const { attempt, amount, currency, captureMethod, customerId, paymentMethodId, presented } = request;
    const refuse = (code: string) => ({ ...failed(code, call, desk.now().toISOString(), { code }), unsent: true });
    const [processorCustomerId, methodKind, token] = await Promise.all([
      customerFor(call, customerId, desk),
      request.methodKind ?? desk.directory.methodKind(call, paymentMethodId),
      desk.tokens.open({ tenantId, paymentMethodId }),
    ]);
    if (processorCustomerId === undefined) return refuse('customer_not_registered');
    if (token === undefined || (presented && isTooLate(request, desk.now())))
      return refuse(presented ? 'confirmation_token_expired' : 'payment_method_erased');
    const instead = await closeEarlierAttempts(call, desk, state);
    // One that was closed stays so. Only what was sent before earlier attempts were closed at all may be there all the same.
    if (instead) {
      const found = call.unknown ? await requestPayment.look(call, desk, 'may_still_happen', state) : undefined;
      return found ?? instead;
    }
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
    return answerOfOutcome(call, outcome, state, desk);
  },

  async look(call, desk, certainty, state) {
    const found = await findAttempt(call, desk);
    if (typeof found === 'object') {
      const answer = await answerOf(call, found.found, state, desk);
      // The payer has done what was asked of them: what goes on with it is the call that their page asks for.
      if (!answer && isWithPayer(call, found.found, state)) return unchanged('action_finished');
      return answer ?? (certainty === 'certain' ? abandon(call, found.found, state, desk) : undefined);
    }
    if (certainty !== 'certain' || found === 'inconclusive') return undefined;
    return failed('unreachable', call, desk.now().toISOString(), { code: unreachable });
  },
};
