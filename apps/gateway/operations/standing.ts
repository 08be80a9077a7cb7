import type { Standing, Subject } from '#command-handling/facts';
import { canceledFacts, standingFacts, withSettlements } from '#command-handling/facts';
import type { Payment, PaymentFact } from '#domain/payment';
import type { ProcessorPayment } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk } from './operation.js';
import { answerFrom, paymentIdOf } from './operation.js';

/** Keeps the client secret of an action that is required, before the event: whoever reads that may ask for the secret at once. */
const keepSecret = async (
  call: TakenCall,
  attempt: number,
  payment: ProcessorPayment,
  { clientSecrets, now }: Desk,
): Promise<void> => {
  if (payment.status !== 'action_required' || payment.clientSecret === undefined) return;
  await clientSecrets.store(
    { tenantId: call.tenantId, paymentId: paymentIdOf(call), attempt },
    payment.clientSecret,
    now(),
  );
};

/**
 * What the processor's payment, as it stands, says of the attempt that `call` is about; undefined where that is for the caller
 * to judge: while nobody has confirmed it, and once it is canceled. Keeps the client secret of an action that is required.
 */
export const standingAnswer = async (
  call: TakenCall,
  { state, ...about }: Subject,
  payment: ProcessorPayment,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment> | undefined> => {
  if (payment.status === 'canceled' || payment.status === 'unconfirmed') return undefined;
  await keepSecret(call, about.attempt, payment, desk);
  const at = desk.now().toISOString();
  return answerFrom(state, (moved) => shown({ state: moved, ...about }, payment, at));
};

/** What a payment shows, whatever its status. */
export const shown = (subject: Subject, payment: ProcessorPayment, at: string): Standing => {
  if (payment.status !== 'canceled') {
    return standingFacts(subject, payment, at) ?? { kind: payment.status, facts: [] };
  }
  return withSettlements({ kind: 'canceled', facts: canceledFacts(subject, payment, at) }, subject, payment, at);
};

/**
 * The answer of a capture or cancellation that failed: its failure, and what the payment, where the processor showed it, says
 * besides: somebody else may have captured or canceled it. The failure comes first, for it answers the caller who waits.
 */
export const failureAnswer = async (
  kind: string,
  failure: PaymentFact,
  { call, state, ...about }: Subject & { call: TakenCall },
  payment: ProcessorPayment | undefined,
  desk: Desk,
): Promise<Answer<PaymentFact, Payment>> => {
  if (!payment) return { kind, facts: [failure] };
  await keepSecret(call, about.attempt, payment, desk);
  return answerFrom(state, (moved) => {
    const standing = shown({ state: moved, ...about }, payment, failure.at);
    return { ...standing, kind, facts: [failure, ...standing.facts] };
  });
};
