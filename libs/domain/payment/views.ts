import { disputeBooked } from './disputes.js';
import type { Attempt, Capture, Dispute, PayerAction, Payment, Presentation, Refund } from './state.js';

/** What the outside sees (docs/architecture.md): keep these words. `in_review` belongs to risk reviews. */
export type PaymentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'in_review'
  | 'authorized'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'partially_refunded'
  | 'refunded'
  | 'disputed';

const sum = <T extends { amount: number }>(items: Iterable<T>): number => {
  let total = 0;
  for (const { amount } of items) total += amount;
  return total;
};

export const attemptsOf = (payment: Payment): Attempt[] =>
  Object.values(payment.attempts).sort((a, b) => a.attempt - b.attempt);
const captureMade = (capture: Capture): boolean => capture.stage.phase === 'captured';
/** Open or lost, as the books have it: an inquiry holds nothing, and neither do funds that came back. */
const counts = (dispute: Dispute): boolean => {
  const booked = disputeBooked(dispute);
  return booked === 'open' || booked === 'lost';
};
const pending = (refund: Refund): boolean => refund.stage.phase === 'requested' || refund.stage.phase === 'pending';

/** The newest attempt; 0 where the payment was canceled before any. */
export const latestAttempt = (payment: Payment): Attempt | undefined => attemptsOf(payment).at(-1);

/** Minor units captured by one attempt. */
export const capturedBy = (payment: Payment, attempt: number): number =>
  sum(Object.values(payment.captures).filter((capture) => capture.attempt === attempt && captureMade(capture)));

/** Minor units captured, over all attempts. */
export const captured = (payment: Payment): number => sum(Object.values(payment.captures).filter(captureMade));

/** Minor units that refunds have returned. A refund that failed returned nothing. */
export const refunded = (payment: Payment): number =>
  sum(Object.values(payment.refunds).filter((refund) => refund.stage.phase === 'succeeded'));

/** Minor units of refunds without an outcome, and of those that the processor calls pending. */
export const refundsPending = (payment: Payment): number => sum(Object.values(payment.refunds).filter(pending));

/** Minor units under disputes that the books have as open or lost. */
export const disputed = (payment: Payment): number => sum(Object.values(payment.disputes).filter(counts));

/** Minor units that may still be refunded: captured - refunded - pending - open or lost disputes, never below 0. */
export const refundable = (payment: Payment): number =>
  Math.max(0, captured(payment) - refunded(payment) - refundsPending(payment) - disputed(payment));

/** Minor units of one attempt's charge that may still be refunded. Differs from `refundable` only for a payment charged twice. */
export const refundableOf = (payment: Payment, attempt: Attempt): number => {
  const ofCharge = (item: { processorPaymentId?: string }) => item.processorPaymentId === attempt.processorPaymentId;
  const returned = Object.values(payment.refunds).filter(
    (refund) => refund.stage.phase !== 'failed' && ofCharge(refund),
  );
  const held = Object.values(payment.disputes).filter((dispute) => counts(dispute) && ofCharge(dispute));
  const rest = capturedBy(payment, attempt.attempt) - sum(returned) - sum(held);
  return Math.max(0, Math.min(rest, refundable(payment)));
};

const finallyCaptured = (payment: Payment, attempt: number): boolean =>
  Object.values(payment.captures).some((made) => made.attempt === attempt && captureMade(made) && made.final);

/** Minor units still held on the payer's side by one attempt, to be captured or released. */
export const capturableBy = (payment: Payment, attempt: Attempt): number => {
  const { phase } = attempt.stage;
  if (!attempt.authorization || (phase !== 'authorized' && phase !== 'captured')) return 0;
  if (finallyCaptured(payment, attempt.attempt)) return 0;
  return Math.max(0, attempt.authorization.amount - capturedBy(payment, attempt.attempt));
};

/** Minor units of one attempt's authorization that a final capture gave back. */
export const releasedBy = (payment: Payment, attempt: number): number => {
  const authorization = payment.attempts[attempt]?.authorization;
  if (!authorization || !finallyCaptured(payment, attempt)) return 0;
  return Math.max(0, authorization.amount - capturedBy(payment, attempt));
};

/** The newest attempt with something left to capture. */
export const heldAttempt = (payment: Payment): Attempt | undefined =>
  attemptsOf(payment).findLast((attempt) => capturableBy(payment, attempt) > 0);

/** Minor units left to capture. */
export const capturable = (payment: Payment): number => {
  const held = heldAttempt(payment);
  return held ? capturableBy(payment, held) : 0;
};

export interface Operation {
  kind: 'confirmation' | 'attempt' | 'action' | 'capture' | 'cancel' | 'refund';
  /** The attempt's number, or the operation's id. */
  id: string;
}

/** The confirmation token that the payer has presented and of which nobody has said yet what becomes of it. */
export const presentedNow = (payment: Payment): Presentation | undefined =>
  Object.values(payment.presentations ?? {}).find(({ stage }) => stage.phase === 'presented');

/** What was said of an attempt's action, `of` or any, that it is finished, and nobody has looked yet whether it is. */
export const finishedAction = (payment: Payment, of?: Attempt): PayerAction | undefined =>
  Object.values(payment.actions ?? {}).find(
    ({ attempt, stage }) =>
      stage.phase === 'finished' &&
      (of === undefined || of.attempt === attempt) &&
      payment.attempts[attempt]?.stage.phase === 'action_required',
  );

/** The operation that was requested and has no outcome yet, so that nobody knows what the processor did. */
export const operationInFlight = (payment: Payment): Operation | undefined => {
  const presented = presentedNow(payment);
  if (presented) return { kind: 'confirmation', id: presented.confirmationId };
  const attempt = attemptsOf(payment).find(({ stage }) => stage.phase === 'requested');
  if (attempt) return { kind: 'attempt', id: String(attempt.attempt) };
  const action = finishedAction(payment);
  if (action) return { kind: 'action', id: action.actionId };
  const capture = Object.values(payment.captures).find(({ stage }) => stage.phase === 'requested');
  if (capture) return { kind: 'capture', id: capture.captureId };
  const cancel = Object.values(payment.cancels).find(
    (asked) => asked.stage.phase === 'requested' && payment.attempts[asked.attempt]?.stage.phase !== 'canceled',
  );
  if (cancel) return { kind: 'cancel', id: cancel.cancelId };
  const refund = Object.values(payment.refunds).find(({ stage }) => stage.phase === 'requested');
  return refund && { kind: 'refund', id: refund.refundId };
};

const statusOfMoney = (payment: Payment): PaymentStatus => {
  const returned = refunded(payment);
  if (returned === 0) return 'succeeded';
  return returned >= captured(payment) ? 'refunded' : 'partially_refunded';
};

const statusOfAttempt = (attempt: Attempt): PaymentStatus => {
  switch (attempt.stage.phase) {
    case 'requested':
    case 'processing':
      return 'processing';
    case 'action_required':
      return 'requires_action';
    case 'failed':
      return 'failed';
    case 'canceled':
      return 'canceled';
    case 'authorized':
    case 'captured':
      return 'authorized';
  }
};

/**
 * The payment's status, derived: money that moved speaks first, then money that is held, then the newest attempt. So
 * no late report about an older attempt can reopen or close a newer one.
 */
export const statusOf = (payment: Payment): PaymentStatus => {
  if (disputed(payment) > 0) return 'disputed';
  const held = heldAttempt(payment);
  if (captured(payment) > 0 && !held) return statusOfMoney(payment);
  const latest = latestAttempt(payment);
  // What was presented is looked at only where no attempt can charge any more, but for a late report of one.
  if (presentedNow(payment) && (!latest || latest.stage.phase === 'failed')) return held ? 'authorized' : 'processing';
  if (!latest) return 'requires_payment_method';
  const status = finishedAction(payment, latest) ? 'processing' : statusOfAttempt(latest);
  return held && (status === 'failed' || status === 'canceled') ? 'authorized' : status;
};
