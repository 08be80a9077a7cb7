import type {
  RecordActionRequired,
  RecordAuthorization,
  RecordCancelFailure,
  RecordCancellation,
  RecordCapture,
  RecordCaptureFailure,
  RecordFailure,
  RecordProcessing,
  RecordRefundOutcome,
  RecordSettlement,
} from './commands.js';
import type { PaymentEvent, RefundBooked } from './events.js';
import { flagDifference, record } from './record.js';
import type { Payment, Refund } from './state.js';

/**
 * What the processor reports. Facts are never refused, whatever we believed (but for a payment that does not exist):
 * each is recorded once, in whatever order it comes; see `record`. Fields are picked one by one, so that nothing else that
 * a caller's object holds, a token or a secret, can enter an event.
 */

export const recordActionRequired = (fact: RecordActionRequired, payment: Payment): PaymentEvent[] => {
  const { attempt, processorPaymentId, action, at } = fact;
  return record(payment, { type: 'PaymentActionRequired', attempt, processorPaymentId, action, at });
};

export const recordProcessing = (fact: RecordProcessing, payment: Payment): PaymentEvent[] => {
  const { attempt, processorPaymentId, at } = fact;
  return record(payment, { type: 'PaymentProcessing', attempt, processorPaymentId, at });
};

export const recordAuthorization = (fact: RecordAuthorization, payment: Payment): PaymentEvent[] => {
  const { attempt, processorPaymentId, amount, expiresAt, multicapture, at } = fact;
  const type = 'PaymentAuthorized';
  return record(payment, { type, attempt, processorPaymentId, amount, expiresAt, multicapture, at });
};

/** Ends the attempt, not the payment: it can be confirmed again. */
export const recordFailure = (fact: RecordFailure, payment: Payment): PaymentEvent[] => {
  const { attempt, code, declineCode, processorPaymentId, at } = fact;
  return record(payment, { type: 'PaymentFailed', attempt, code, declineCode, processorPaymentId, at });
};

export const recordCancellation = (fact: RecordCancellation, payment: Payment): PaymentEvent[] => {
  const { attempt, reason, at } = fact;
  return record(payment, { type: 'PaymentCanceled', attempt, reason, at });
};

export const recordCaptureFailure = (fact: RecordCaptureFailure, payment: Payment): PaymentEvent[] => {
  const { captureId, code, at } = fact;
  return record(payment, { type: 'CaptureFailed', captureId, code, at });
};

export const recordCancelFailure = (fact: RecordCancelFailure, payment: Payment): PaymentEvent[] => {
  const { cancelId, code, at } = fact;
  return record(payment, { type: 'CancelFailed', cancelId, code, at });
};

/** Money taken always counts, of whichever attempt. The same capture is counted once. */
export const recordCapture = (fact: RecordCapture, payment: Payment): PaymentEvent[] => {
  const { captureId, attempt, processorPaymentId, amount, final, at } = fact;
  const { currency } = payment;
  const type = 'PaymentCaptured';
  const known = payment.captures[captureId];
  const recorded = known?.stage.phase === 'failed' ? undefined : known;
  const about = { type, id: captureId, at } as const;
  return [
    ...record(payment, { type, attempt, captureId, processorPaymentId, amount, currency, final, at }),
    ...flagDifference(payment, 'amount_differs', about, recorded?.amount, amount),
    // One attempt that made two charges: the customer paid twice under one capture.
    ...flagDifference(payment, 'charge_differs', about, recorded?.processorPaymentId, processorPaymentId),
  ];
};

const refundBooked = (refund: Refund | undefined): RefundBooked => {
  switch (refund?.stage.phase) {
    case 'requested':
    case 'pending':
      return 'pending';
    case 'succeeded':
      return 'succeeded';
    case 'failed':
    case undefined:
      return 'nothing';
  }
};

/**
 * A refund that succeeded can still fail, and one that failed stays failed: what a late report of success adds is told as part of the
 * failure, which takes nothing back a second time. The amount is that of its first mention.
 */
export const recordRefundOutcome = (fact: RecordRefundOutcome, payment: Payment): PaymentEvent[] => {
  const { refundId, processorPaymentId, at } = fact;
  const known = payment.refunds[refundId];
  const terms = { refundId, processorPaymentId, amount: known?.amount ?? fact.amount, currency: payment.currency, at };
  const booked = refundBooked(known);
  const failure = known?.stage.phase === 'failed' && fact.outcome !== 'failed' ? known.stage : fact;
  const event: PaymentEvent =
    'code' in failure
      ? {
          type: 'RefundFailed',
          ...terms,
          code: failure.code,
          processorRefundId: failure.processorRefundId,
          reverses: booked,
        }
      : {
          type: failure.outcome === 'pending' ? 'RefundPending' : 'RefundSucceeded',
          ...terms,
          processorRefundId: failure.processorRefundId,
          booked,
        };
  return [
    ...record(payment, event),
    ...flagDifference(payment, 'amount_differs', { type: event.type, id: refundId, at }, known?.amount, fact.amount),
  ];
};

export const recordSettlement = (fact: RecordSettlement, payment: Payment): PaymentEvent[] => {
  const { settlementId, source, sourceId, gross, fee, net, currency, availableOn, at } = fact;
  const { rate, sourceAmount, sourceCurrency } = fact;
  const type = 'SettlementRecorded';
  const terms = { settlementId, source, sourceId, gross, fee, net, currency, rate, sourceAmount, sourceCurrency };
  return [
    ...record(payment, { type, ...terms, availableOn, at }),
    ...flagDifference(
      payment,
      'amount_differs',
      { type, id: settlementId, at },
      payment.settlements[settlementId]?.gross,
      gross,
    ),
  ];
};
