import { payments } from '#command-handling/facts';
import type { PaymentFact } from '#domain/payment';
import type { FraudWarningNews, ReviewNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored } from '../verdict.js';
import { paymentOf } from '../whose/payment.js';
import type { Handler } from './handler.js';

/** Records that the processor holds a payment for a person to look at, or no longer does. */
export const applyReview: Handler<ReviewNews> = async (news, heard, desk) => {
  const { processorReviewId, open, reason, closedReason, processorPaymentId } = news;
  if (processorPaymentId === undefined) throw ignored('unused_object');
  const found = await paymentOf(desk, { processorPaymentId, claim: {}, account: heard.account });
  return recordHeard(desk, heard, payments, found, (): PaymentFact[] => [
    { type: 'RecordProcessorReview', processorReviewId, open, reason, closedReason, at: heard.at },
  ]);
};

/** Records that the card's network suspects fraud. */
export const applyFraudWarning: Handler<FraudWarningNews> = async (news, heard, desk) => {
  const { processorWarningId, fraudType, actionable, processorPaymentId } = news;
  if (processorPaymentId === undefined) throw ignored('unused_object');
  const found = await paymentOf(desk, { processorPaymentId, claim: {}, account: heard.account });
  return recordHeard(desk, heard, payments, found, (): PaymentFact[] => [
    { type: 'RecordFraudWarning', processorWarningId, fraudType, actionable, at: heard.at },
  ]);
};
