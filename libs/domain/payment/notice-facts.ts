import type { RecordFraudWarning, RecordProcessorReview, RequestPaymentLookup } from './commands.js';
import type { PaymentEvent } from './events.js';
import { record } from './record.js';
import type { Payment } from './state.js';

/** What the processor reports beside money; see facts.ts. */

export const recordProcessorReview = (fact: RecordProcessorReview, payment: Payment): PaymentEvent[] => {
  const { processorReviewId, open, reason, closedReason, at } = fact;
  return record(payment, { type: 'ProcessorReviewReported', processorReviewId, open, reason, closedReason, at });
};

export const recordFraudWarning = (fact: RecordFraudWarning, payment: Payment): PaymentEvent[] => {
  const { processorWarningId, fraudType, actionable, at } = fact;
  return record(payment, { type: 'FraudWarningReceived', processorWarningId, fraudType, actionable, at });
};

/** Asks the gateway to look, once for each lookupId. */
export const requestPaymentLookup = (request: RequestPaymentLookup, payment: Payment): PaymentEvent[] => {
  const { lookupId, processorPaymentId, reason, at } = request;
  return record(payment, { type: 'PaymentLookupRequested', lookupId, processorPaymentId, reason, at });
};
