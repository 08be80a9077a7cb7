import { changed, further, joinInto } from '../join.js';
import type { FraudWarningReceived, PaymentLookupRequested, ProcessorReviewReported } from './events.js';
import { reviewRank, type FraudWarning, type Payment, type ReviewStage } from './state.js';

/** What is heard of a payment and moves no money: reviews and warnings of the processor, and what the gateway is to look at. */

const joinReview = (a: ReviewStage, b: ReviewStage): ReviewStage => further<ReviewStage>(reviewRank, a, b);

const joinWarning = (a: FraudWarning, b: FraudWarning): FraudWarning =>
  changed(a, {
    fraudType: b.fraudType > a.fraudType ? b.fraudType : a.fraudType,
    actionable: a.actionable && b.actionable,
  });

/** A review that was closed stays so. */
export const reviewReported = (
  payment: Payment,
  { processorReviewId, open, reason, closedReason }: ProcessorReviewReported,
): Payment => {
  const stage: ReviewStage = open ? { phase: 'open', reason } : { phase: 'closed', reason, closedReason };
  return changed(payment, { reviews: joinInto(payment.reviews ?? {}, processorReviewId, stage, joinReview) });
};

export const fraudWarningReceived = (
  payment: Payment,
  { processorWarningId, fraudType, actionable }: FraudWarningReceived,
): Payment => {
  const warning = { fraudType, actionable };
  const fraudWarnings = joinInto(payment.fraudWarnings ?? {}, processorWarningId, warning, joinWarning);
  return changed(payment, { fraudWarnings });
};

export const lookupRequested = (payment: Payment, { lookupId }: PaymentLookupRequested): Payment =>
  changed(payment, { lookups: joinInto(payment.lookups ?? {}, lookupId, true as const, (first) => first) });
