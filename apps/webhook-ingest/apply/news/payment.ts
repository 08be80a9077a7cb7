import type { Subject } from '#command-handling/facts';
import { canceledFacts, payments, standingFacts } from '#command-handling/facts';
import type { PaymentFact } from '#domain/payment';
import type { PaymentNews, ProcessorPayment } from '#processor';

import { recordHeard } from '../desk.js';
import { correlationOf, paymentOf } from '../whose/payment.js';
import type { Handler } from './handler.js';

/**
 * What an event leaves open, as a reason to look: whether and until when a hold can be captured, and the settlement of a capture that
 * is news. A capture that we asked for is settled by its own call.
 */
const openQuestion = (
  { state, attempt }: Subject,
  facts: readonly PaymentFact[],
  isSettlementMissing: boolean,
): 'hold_incomplete' | 'settlement' | undefined => {
  if (facts.some((fact) => fact.type === 'RecordAuthorization' && fact.expiresAt === undefined)) {
    const known = state.attempts[attempt];
    const isOver = known?.stage.phase === 'captured' || known?.stage.phase === 'canceled';
    return isOver || known?.authorization ? undefined : 'hold_incomplete';
  }
  const isUnasked = (fact: PaymentFact) => fact.type === 'RecordCapture' && !state.captures[fact.captureId];
  return isSettlementMissing && facts.some(isUnasked) ? 'settlement' : undefined;
};

const factsOf = (subject: Subject, payment: ProcessorPayment, at: string, lookupId: string): readonly PaymentFact[] => {
  if (payment.status === 'canceled') return canceledFacts(subject, payment, at);
  const standing = standingFacts(subject, payment, at);
  if (!standing) return [];
  const { facts, settlement } = standing;
  const reason = openQuestion(subject, facts, settlement !== undefined);
  if (reason === undefined) return facts;
  const { processorPaymentId } = payment;
  return [...facts, { type: 'RequestPaymentLookup', lookupId, processorPaymentId, reason, at }];
};

/** Records how a payment stands at the processor, and asks for a look where that leaves something open. */
export const applyPayment: Handler<PaymentNews> = async ({ payment, claim }, heard, desk) => {
  const { processorPaymentId, currency } = payment;
  const found = await paymentOf(desk, { processorPaymentId, claim, account: heard.account, currency });
  const { attempt } = found;
  return recordHeard(
    desk,
    heard,
    payments,
    found,
    (state, lookupId) => factsOf({ state, attempt }, payment, heard.at, lookupId),
    correlationOf(found),
  );
};
