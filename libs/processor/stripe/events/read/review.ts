import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

/** `reason` of Stripe is the one of the moment: that of the opening while it is open, and of the end once it is closed. */
export const readReview: Reader = (review) => {
  const closedReason = review.maybeToken('closed_reason');
  return newsOf({
    about: 'review',
    processorReviewId: review.token('id'),
    open: review.boolean('open'),
    reason: review.maybeToken('opened_reason') ?? review.token('reason'),
    ...(closedReason !== undefined && { closedReason }),
    processorPaymentId: review.maybeId('payment_intent'),
  });
};
