import { payments, settlementMissing } from '#command-handling/facts';
import type { Payment, PaymentActionFinished, PaymentEvent, PaymentFact } from '#domain/payment';
import type { Outcome, ProcessorPayment } from '#processor';
import { LookupRefused } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { isTooLate } from './payer-patience.js';
import type { Answer, Desk, Operation } from './operation.js';
import { answerFrom, failureOf, unreachable, wanted } from './operation.js';
import { shown } from './standing.js';

type ActionCall = TakenCall<PaymentActionFinished>;

/** The code of an attempt whose payer has taken longer than the processor waits. */
const actionExpired = 'payment_action_expired';

const stillRequired = ({ request: { actionId, attempt } }: ActionCall, { now }: Desk): PaymentFact => ({
  type: 'RecordActionStillRequired',
  actionId,
  attempt,
  at: now().toISOString(),
});

const failed = (
  kind: string,
  { request: { attempt } }: ActionCall,
  why: { code: string; declineCode?: string; processorPaymentId?: string },
  { now }: Desk,
): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordFailure', attempt, ...why, at: now().toISOString() }],
});

/** What the payment, as it stands, says of the attempt. */
const answerOf = (
  call: ActionCall,
  payment: ProcessorPayment,
  state: Payment,
  desk: Desk,
): Answer<PaymentFact, Payment> => {
  const { attempt } = call.request;
  const { processorPaymentId, status } = payment;
  if (status === 'unconfirmed') {
    if (payment.awaits === 'method') return failed('expired', call, { code: actionExpired, processorPaymentId }, desk);
    return { kind: 'unconfirmed', facts: [stillRequired(call, desk)] };
  }
  const at = desk.now().toISOString();
  return answerFrom(state, (moved) => {
    const standing = shown({ state: moved, attempt }, payment, at);
    // What the browser has said is not so, or the payer is asked for one more thing.
    if (status !== 'action_required') return standing;
    return { ...standing, facts: [...standing.facts, stillRequired(call, desk)] };
  });
};

/** A refusal ends the attempt, unless the payment that came with it says otherwise. */
const answerOfOutcome = (
  call: ActionCall,
  outcome: Outcome<ProcessorPayment>,
  processorPaymentId: string,
  state: Payment,
  desk: Desk,
): Answer<PaymentFact, Payment> => {
  if (outcome.outcome === 'succeeded') return answerOf(call, outcome.value, state, desk);
  const payment = outcome.outcome === 'rejected' ? outcome.payment : undefined;
  if (payment && payment.status !== 'unconfirmed') return answerOf(call, payment, state, desk);
  return failed(outcome.outcome, call, { ...failureOf(outcome), processorPaymentId }, desk);
};

/**
 * Looks at the payment, and confirms it under `key` where its payer has done what was asked of them, which a payment allows once; without
 * one, only looks. Safe to repeat: what was confirmed already is what the look finds.
 */
const goOn = async (
  call: ActionCall,
  key: string | undefined,
  desk: Desk,
  state: Payment,
): Promise<Answer<PaymentFact, Payment>> => {
  const processorPaymentId = state.attempts[call.request.attempt]?.processorPaymentId;
  const payment =
    processorPaymentId === undefined
      ? undefined
      : await desk.line.run(call, () => desk.processor.retrievePayment(processorPaymentId));
  // Nothing is there that could be charged.
  if (!payment || processorPaymentId === undefined) return failed('missing', call, { code: unreachable }, desk);
  const isReady = payment.status === 'unconfirmed' && payment.awaits === 'confirmation';
  if (!isReady || key === undefined || isTooLate(call.request, desk.now())) return answerOf(call, payment, state, desk);
  const outcome = await desk.line.run(call, () => desk.processor.confirmPayment(processorPaymentId, key));
  return answerOfOutcome(call, outcome, processorPaymentId, state, desk);
};

const tried = async (
  call: ActionCall,
  key: string | undefined,
  desk: Desk,
  state: Payment,
): Promise<Answer<PaymentFact, Payment>> => {
  try {
    return await goOn(call, key, desk, state);
  } catch (error) {
    // Nothing was confirmed: better that the payer's page asks again than that the payment waits for a person.
    if (!(error instanceof LookupRefused)) throw error;
    return { kind: 'refused', facts: [stillRequired(call, desk)], warning: 'the processor refused to show a payment' };
  }
};

/**
 * Has an attempt go on whose payer has done what the processor asked, as their browser says: the processor lets nobody but us confirm it, so
 * that nothing is charged that has not come past us.
 */
export const finishAction: Operation<PaymentActionFinished, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { actionId, attempt } }, payment) {
    const isAnswered = payment.actions?.[actionId]?.stage.phase !== 'finished';
    if (!isAnswered && payment.attempts[attempt]?.stage.phase === 'action_required') return false;
    return { settlements: wanted(settlementMissing(payment, attempt)) };
  },

  send: (call, desk, state) => tried(call, call.idempotencyKey, desk, state),

  // The answer to its key is a failure for good: what the payment shows counts, and a payment that still waits is confirmed once more.
  look: (call, desk, certainty, state) =>
    tried(call, certainty === 'may_still_happen' ? `${call.idempotencyKey}:again` : undefined, desk, state),
};
