import type { Payment, PaymentFact, RecordCapture } from '#domain/payment';
import type { ProcessorPayment } from '#processor';
import { automaticCaptureId } from '#processor';

import { withSettlements } from './capture-settlements.js';
import { capturesOf } from './settlement.js';
import type { Standing, Subject } from './subject.js';

/** The code of an attempt that was found canceled before anything was heard of it. */
export const paymentCanceled = 'payment_canceled';

/** The code of an operation that ended without the processor having heard of it. */
export const unreachable = 'processor_unreachable';

/** The attempt that the processor knows under this id. */
export const attemptOf = (payment: Payment, processorPaymentId: string): number | undefined =>
  Object.values(payment.attempts).find((attempt) => attempt.processorPaymentId === processorPaymentId)?.attempt;

/** Minor units that recorded captures of an attempt took. */
export const takenBy = (payment: Payment, attempt: number): number =>
  capturesOf(payment, attempt).reduce((sum, { amount }) => sum + amount, 0);

/** A capture that we have asked for and whose end nobody has recorded. There is one at most: the next is refused until then. */
const captureUnderWay = ({ state, attempt, answered }: Subject) =>
  Object.values(state.captures).find(
    (capture) =>
      capture.attempt === attempt && capture.stage.phase === 'requested' && capture.captureId !== answered?.captureId,
  );

/** What the answered capture took and `takenBy` does not have: what was heard of it may have been faster than its answer. */
const unrecordedAmount = (state: Payment, { captureId, amount }: { captureId: string; amount: number }): number =>
  state.captures[captureId]?.stage.phase === 'captured' ? 0 : amount;

/**
 * The captures of what the processor's payment shows as captured and no event has. A capture that is under way took it, as far as
 * the amounts allow: its own answer will name the same. The rest was taken by nobody here. [] where nothing is missing.
 */
export const unrecordedCaptures = (subject: Subject, payment: ProcessorPayment, at: string): RecordCapture[] => {
  const { state, attempt, answered } = subject;
  const { processorPaymentId, captured } = payment;
  const taken = takenBy(state, attempt);
  const missing = captured - taken - (answered ? unrecordedAmount(state, answered) : 0);
  if (missing <= 0) return [];
  const isEnd = payment.status === 'captured';
  const asked = captureUnderWay(subject);
  const own = asked && asked.amount <= missing && (isEnd || !asked.final) ? asked : undefined;
  const rest = missing - (own?.amount ?? 0);
  const capture = (captureId: string, amount: number, final: boolean): RecordCapture => ({
    type: 'RecordCapture',
    attempt,
    captureId,
    processorPaymentId,
    amount,
    final,
    at,
  });
  return [
    ...(own ? [capture(own.captureId, own.amount, own.final && rest === 0)] : []),
    ...(rest > 0 ? [capture(automaticCaptureId(state.paymentId, attempt, taken), rest, isEnd)] : []),
  ];
};

/** What is known of the hold stays, unless its end is news: an event, or a refusal, shows the payment without its charge. */
const holdFacts = (
  { state, attempt }: Subject,
  payment: ProcessorPayment & { status: 'authorized' },
  at: string,
): PaymentFact[] => {
  const { processorPaymentId, expiresAt } = payment;
  const known = state.attempts[attempt]?.authorization;
  if (known && (known.expiresAt !== undefined || expiresAt === undefined)) return [];
  const amount = payment.amount + payment.captured;
  const multicapture = payment.multicapture || undefined;
  return [{ type: 'RecordAuthorization', attempt, processorPaymentId, amount, expiresAt, multicapture, at }];
};

/**
 * What the processor's payment, as it stands, says of the attempt; undefined where that is for the caller to judge: while
 * nobody has confirmed it, and once it is canceled (`canceledFacts`). Keeps no client secret: that is for the caller, before the event.
 */
export const standingFacts = (subject: Subject, payment: ProcessorPayment, at: string): Standing | undefined => {
  const { attempt } = subject;
  const { processorPaymentId } = payment;
  switch (payment.status) {
    case 'captured':
      return withSettlements(
        { kind: 'captured', facts: unrecordedCaptures(subject, payment, at) },
        subject,
        payment,
        at,
      );
    case 'authorized': {
      const captures = unrecordedCaptures(subject, payment, at);
      const facts = [...holdFacts(subject, payment, at), ...captures];
      return withSettlements({ kind: 'authorized', facts }, subject, payment, at);
    }
    case 'action_required': {
      const { action } = payment;
      return {
        kind: 'action_required',
        facts: [{ type: 'RecordActionRequired', attempt, processorPaymentId, action, at }],
      };
    }
    case 'processing':
      return { kind: 'processing', facts: [{ type: 'RecordProcessing', attempt, processorPaymentId, at }] };
    case 'failed': {
      const { code, declineCode } = payment;
      const type = 'RecordFailure';
      return { kind: 'declined', facts: [{ type, attempt, code, declineCode, processorPaymentId, at }] };
    }
    case 'canceled':
    case 'unconfirmed':
      return undefined;
  }
};

const hasSuccessor = ({ attempts }: Payment, attempt: number): boolean =>
  Object.values(attempts).some((other) => other.attempt > attempt);

/**
 * What a canceled payment says of the attempt: what it took before, and its end. One that we ended ourselves, because nobody
 * could confirm it any more, has failed and can be tried again: that it is canceled is no news.
 */
export const canceledFacts = (subject: Subject, payment: ProcessorPayment, at: string): PaymentFact[] => {
  const { state, attempt } = subject;
  const captures = unrecordedCaptures(subject, payment, at);
  const stage = state.attempts[attempt]?.stage;
  if (stage?.phase === 'canceled') return captures;
  if (stage?.phase === 'failed' && (stage.code === unreachable || stage.code === paymentCanceled)) return captures;
  const asked = Object.values(state.cancels).find(
    (cancel) => cancel.attempt === attempt && cancel.stage.phase === 'requested',
  );
  // So did one whose place another has taken: it is canceled so that nobody can pay it beside that one.
  if (stage?.phase === 'failed' && !asked && hasSuccessor(state, attempt)) return captures;
  const reason = asked ? asked.reason : 'canceled_at_processor';
  return [...captures, { type: 'RecordCancellation', attempt, reason, at }];
};
