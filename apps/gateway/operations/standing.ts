import type { Payment, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';
import { automaticCaptureId } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk } from './operation.js';
import { paymentIdOf } from './operation.js';
import { settlementOfCapture } from './settlement.js';

/** The attempt that a call is about, and the payment as its events have it. */
export interface Subject {
  call: TakenCall;
  attempt: number;
  state: Payment;
}

/** Minor units that recorded captures of an attempt took. */
export const takenBy = (payment: Payment, attempt: number): number =>
  Object.values(payment.captures)
    .filter((capture) => capture.attempt === attempt && capture.stage.phase === 'captured')
    .reduce((sum, { amount }) => sum + amount, 0);

/**
 * The capture of what the processor's payment shows as captured and no event has: `accounted` minor units of it are recorded
 * beside it. [] where nothing is missing.
 */
export const unrecordedCapture = (
  { call, attempt, state }: Subject,
  { processorPaymentId, captured, status }: ProcessorPayment,
  at: string,
  accounted = 0,
): PaymentFact[] => {
  const taken = takenBy(state, attempt);
  const amount = captured - taken - accounted;
  if (amount <= 0) return [];
  const captureId = automaticCaptureId(paymentIdOf(call), attempt, taken);
  const final = status === 'captured';
  return [{ type: 'RecordCapture', attempt, captureId, processorPaymentId, amount, final, at }];
};

const capturedAnswer = (subject: Subject, payment: ProcessorPayment, at: string): Answer<PaymentFact> => {
  const { call, attempt, state } = subject;
  const answer = { kind: 'captured', facts: unrecordedCapture(subject, payment, at) };
  // The balance transaction is the charge's: of this capture only where it is the charge's only one.
  if (takenBy(state, attempt) > 0) return answer;
  return settlementOfCapture(answer, automaticCaptureId(paymentIdOf(call), attempt), payment, at);
};

const authorizedAnswer = (
  subject: Subject,
  payment: ProcessorPayment & { status: 'authorized' },
  at: string,
): Answer<PaymentFact> => {
  const { attempt, state } = subject;
  const { processorPaymentId, expiresAt } = payment;
  const captures = unrecordedCapture(subject, payment, at);
  // What is known of the hold stays: a refusal shows it without its charge, and so without what it allows.
  if (state.attempts[attempt]?.authorization) return { kind: 'authorized', facts: captures };
  const amount = payment.amount + payment.captured;
  const multicapture = payment.multicapture || undefined;
  const type = 'RecordAuthorization';
  const hold: PaymentFact = { type, attempt, processorPaymentId, amount, expiresAt, multicapture, at };
  return { kind: 'authorized', facts: [hold, ...captures] };
};

/**
 * What the processor's payment, as it stands, says of the attempt; undefined where that is for the caller to judge: while
 * nobody has confirmed it, and once it is canceled.
 */
export const standingOf = async (
  subject: Subject,
  payment: ProcessorPayment,
  { clientSecrets, now }: Desk,
): Promise<Answer<PaymentFact> | undefined> => {
  const at = now().toISOString();
  const { call, attempt } = subject;
  const { processorPaymentId } = payment;
  switch (payment.status) {
    case 'captured':
      return capturedAnswer(subject, payment, at);
    case 'authorized':
      return authorizedAnswer(subject, payment, at);
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
      const type = 'RecordFailure';
      return { kind: 'declined', facts: [{ type, attempt, code, declineCode, processorPaymentId, at }] };
    }
    case 'canceled':
    case 'unconfirmed':
      return undefined;
  }
};

/**
 * The answer of a capture or cancellation that failed: its failure, and what the payment, where the processor showed it, says
 * besides: somebody else may have captured or canceled it. The failure comes first, for it answers the caller who waits.
 */
export const failureAnswer = async (
  kind: string,
  failure: PaymentFact,
  subject: Subject,
  payment: ProcessorPayment | undefined,
  desk: Desk,
): Promise<Answer<PaymentFact>> => {
  const { attempt } = subject;
  const { at } = failure;
  if (payment?.status === 'canceled') {
    const captures = unrecordedCapture(subject, payment, at);
    const cancellation: PaymentFact = { type: 'RecordCancellation', attempt, reason: 'canceled_at_processor', at };
    return { kind, facts: [failure, ...captures, cancellation] };
  }
  const standing = payment && (await standingOf(subject, payment, desk));
  return { kind, facts: [failure, ...(standing?.facts ?? [])], settlement: standing?.settlement };
};
