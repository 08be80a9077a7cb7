/** What Radar and the card networks say of a charge: reviews, and warnings of fraud before there is a dispute. */
import type { ChargeRecord, EarlyFraudWarningRecord, PaymentIntentRecord, ReviewRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused } from '../wire/errors.js';

/** Puts a payment up for review. Gives the intent and the charge with it. */
export const openReview = (
  work: Work,
  intent: PaymentIntentRecord,
  charge: ChargeRecord,
  opened_reason: ReviewRecord['opened_reason'],
): { intent: PaymentIntentRecord; charge: ChargeRecord } => {
  const review = work.save('review', {
    id: work.newId('review'),
    created: work.now,
    charge: charge.id,
    payment_intent: intent.id,
    opened_reason,
  });
  work.event('review.opened', 'review', review);
  return { intent: { ...intent, review: review.id }, charge: work.save('charge', { ...charge, review: review.id }) };
};

/** Ends a review. Throws for one that has ended. */
export const closeReview = (
  work: Work,
  review: ReviewRecord,
  closed_reason: NonNullable<ReviewRecord['closed_reason']>,
): ReviewRecord => {
  if (review.closed_reason !== undefined) throw refused(`Review ${review.id} is already closed.`);
  const closed = work.save('review', { ...review, closed_reason });
  work.event('review.closed', 'review', closed, { open: true, reason: review.opened_reason, closed_reason: null });
  return closed;
};

/** Ends the review of a charge, if there is one that is open. */
export const closeReviewOf = (
  work: Work,
  charge: ChargeRecord,
  reason: NonNullable<ReviewRecord['closed_reason']>,
): void => {
  const review = charge.review === undefined ? undefined : work.get('review', charge.review);
  if (review?.closed_reason === undefined && review) closeReview(work, review, reason);
};

/** The card's bank reports fraud. A charge is warned of once. */
export const warnOfFraud = (work: Work, charge: ChargeRecord, fraud_type: string): EarlyFraudWarningRecord => {
  if (charge.early_fraud_warning !== undefined) return work.get('early_fraud_warning', charge.early_fraud_warning);
  const warning = work.save('early_fraud_warning', {
    id: work.newId('early_fraud_warning'),
    created: work.now,
    charge: charge.id,
    payment_intent: charge.payment_intent,
    fraud_type,
    actionable: true,
  });
  work.link(charge.id, warning.id);
  work.link(charge.payment_intent, warning.id);
  work.save('charge', { ...charge, early_fraud_warning: warning.id });
  work.event('radar.early_fraud_warning.created', 'early_fraud_warning', warning);
  return warning;
};

/** Nothing is left to be done about a warning: the charge is refunded in full, or disputed. */
export const settleWarningOf = (work: Work, charge: ChargeRecord): void => {
  if (charge.early_fraud_warning === undefined) return;
  const warning = work.get('early_fraud_warning', charge.early_fraud_warning);
  if (!warning.actionable) return;
  const settled = work.save('early_fraud_warning', { ...warning, actionable: false });
  work.event('radar.early_fraud_warning.updated', 'early_fraud_warning', settled, { actionable: true });
};
