import { changed, fuller, further, joinInto, known } from '../join.js';
import * as disputes from './disputes.js';
import type { PaymentEvent } from './events.js';
import * as actions from './finished-actions.js';
import * as notices from './notices.js';
import * as presentations from './presentations.js';
import {
  attemptRank,
  cancelRank,
  captureRank,
  initialPayment,
  refundRank,
  type Attempt,
  type AttemptStage,
  type Authorization,
  type Cancel,
  type Capture,
  type Payment,
  type Refund,
} from './state.js';

const joinAuthorization = (a: Authorization | undefined, b: Authorization | undefined): Authorization | undefined => {
  if (!a || !b) return a ?? b;
  // One processor object has one authorization; where two reports differ, the larger hold.
  if (a.amount !== b.amount) return b.amount > a.amount ? b : a;
  return fuller(a, b);
};

const joinAttempt = (a: Attempt, b: Attempt): Attempt =>
  changed(a, {
    stage: further<AttemptStage>(attemptRank, a.stage, b.stage),
    requested: a.requested ?? b.requested,
    processorPaymentId: known(a.processorPaymentId, b.processorPaymentId),
    authorization: joinAuthorization(a.authorization, b.authorization),
  });

/** A capture that was made stands as first recorded; a request takes the amount that the processor reports. */
const joinCapture = (a: Capture, b: Capture): Capture => {
  const stage = further(captureRank, a.stage, b.stage);
  const told = a.stage.phase !== 'captured' && stage.phase === 'captured' ? b : a;
  const { amount, final, attempt, processorPaymentId } = told;
  return changed(a, { stage, amount, final, attempt, processorPaymentId, requested: a.requested || b.requested });
};

const joinCancel = (a: Cancel, b: Cancel): Cancel =>
  changed(a, { stage: further(cancelRank, a.stage, b.stage), reason: a.reason ?? b.reason });

/** The amount is that of the first mention: the ledger holds it. */
const joinRefund = (a: Refund, b: Refund): Refund =>
  changed(a, {
    stage: further(refundRank, a.stage, b.stage),
    requested: a.requested || b.requested,
    processorPaymentId: known(a.processorPaymentId, b.processorPaymentId),
    reason: a.reason ?? b.reason,
  });

const withAttempt = (payment: Payment, attempt: Attempt): Payment =>
  changed(payment, { attempts: joinInto(payment.attempts, attempt.attempt, attempt, joinAttempt) });

const withCapture = (payment: Payment, capture: Capture): Payment =>
  changed(payment, { captures: joinInto(payment.captures, capture.captureId, capture, joinCapture) });

const withCancel = (payment: Payment, cancel: Cancel): Payment =>
  changed(payment, { cancels: joinInto(payment.cancels, cancel.cancelId, cancel, joinCancel) });

const withRefund = (payment: Payment, refund: Refund): Payment =>
  changed(payment, { refunds: joinInto(payment.refunds, refund.refundId, refund, joinRefund) });

type Folder<E> = (payment: Payment, event: E) => Payment;
type Folders = { [T in PaymentEvent['type']]: Folder<Extract<PaymentEvent, { type: T }>> };

const folders: Folders = {
  PaymentCreated: (payment, { paymentId, customerId, amount, currency, captureMethod, orderId, at }) =>
    changed(payment, { paymentId, customerId, amount, currency, captureMethod, orderId, createdAt: at }),

  ConfirmationTokenPresented: presentations.presented,
  ConfirmationTokenInspected: presentations.inspected,
  ConfirmationTokenRefused: presentations.refused,

  PaymentRequested: (payment, { attempt, paymentMethodId, amount, presented }) => {
    const requested = { paymentMethodId, amount, ...(presented && { presented }) };
    return withAttempt(payment, { attempt, stage: { phase: 'requested' }, requested });
  },
  PaymentActionRequired: (payment, { attempt, processorPaymentId, action }) =>
    withAttempt(payment, { attempt, processorPaymentId, stage: { phase: 'action_required', action } }),
  PaymentActionFinished: actions.finished,
  PaymentActionStillRequired: actions.stillRequired,
  PaymentProcessing: (payment, { attempt, processorPaymentId }) =>
    withAttempt(payment, { attempt, processorPaymentId, stage: { phase: 'processing' } }),
  PaymentAuthorized: (payment, { attempt, processorPaymentId, amount, expiresAt, multicapture = false }) =>
    withAttempt(payment, {
      attempt,
      processorPaymentId,
      stage: { phase: 'authorized' },
      authorization: { amount, expiresAt, multicapture },
    }),
  PaymentFailed: (payment, { attempt, processorPaymentId, code, declineCode }) =>
    withAttempt(payment, { attempt, processorPaymentId, stage: { phase: 'failed', code, declineCode } }),
  PaymentCanceled: (payment, { attempt, cancelId, reason }) => {
    const canceled = withAttempt(payment, { attempt, stage: { phase: 'canceled', reason } });
    return cancelId === undefined ? canceled : withCancel(canceled, { cancelId, attempt, stage: { phase: 'done' } });
  },

  CaptureRequested: (payment, { captureId, attempt, processorPaymentId, amount, final }) => {
    const stage = { phase: 'requested' as const };
    return withCapture(payment, { captureId, attempt, processorPaymentId, amount, final, stage, requested: true });
  },
  CaptureFailed: (payment, { captureId, code }) => {
    const capture = payment.captures[captureId] ?? { captureId, attempt: 0, amount: 0, final: false, requested: false };
    return withCapture(payment, { ...capture, stage: { phase: 'failed', code } });
  },
  PaymentCaptured: (payment, { captureId, attempt, processorPaymentId, amount, final }) => {
    // Its postings are booked once: nothing that a second report says may make it news.
    if (payment.captures[captureId]?.stage.phase === 'captured') return payment;
    const stage = { phase: 'captured' as const };
    const capture = { captureId, attempt, processorPaymentId, amount, final, stage, requested: false };
    return withAttempt(withCapture(payment, capture), { attempt, processorPaymentId, stage: { phase: 'captured' } });
  },
  // Follows from the final capture and the authorization: what was released is derived.
  AuthorizationReleased: (payment) => payment,

  CancelRequested: (payment, { cancelId, attempt, reason }) =>
    withCancel(payment, { cancelId, attempt, stage: { phase: 'requested' }, reason }),
  CancelFailed: (payment, { cancelId, code }) => {
    const attempt = payment.cancels[cancelId]?.attempt ?? 0;
    return withCancel(payment, { cancelId, attempt, stage: { phase: 'failed', code } });
  },

  RefundRequested: (payment, { refundId, processorPaymentId, amount, reason }) =>
    withRefund(payment, {
      refundId,
      amount,
      stage: { phase: 'requested' },
      requested: true,
      processorPaymentId,
      reason,
    }),
  RefundPending: (payment, { refundId, amount, processorRefundId, processorPaymentId }) => {
    const stage = { phase: 'pending' as const, processorRefundId };
    return withRefund(payment, { refundId, amount, stage, requested: false, processorPaymentId });
  },
  RefundSucceeded: (payment, { refundId, amount, processorRefundId, processorPaymentId }) => {
    const stage = { phase: 'succeeded' as const, processorRefundId };
    return withRefund(payment, { refundId, amount, stage, requested: false, processorPaymentId });
  },
  RefundFailed: (payment, { refundId, amount, code, processorRefundId, processorPaymentId }) => {
    const stage = { phase: 'failed' as const, code, processorRefundId };
    return withRefund(payment, { refundId, amount, stage, requested: false, processorPaymentId });
  },

  DisputeReported: disputes.disputeReported,
  DisputeOpened: disputes.disputeOpened,
  DisputeFundsMoved: disputes.disputeFundsMoved,
  DisputeClosed: disputes.disputeClosed,
  DisputeEvidenceRequested: disputes.evidenceRequested,
  DisputeEvidenceSubmitted: disputes.evidenceSubmitted,
  DisputeEvidenceFailed: disputes.evidenceFailed,

  ProcessorReviewReported: notices.reviewReported,
  FraudWarningReceived: notices.fraudWarningReceived,
  PaymentLookupRequested: notices.lookupRequested,

  SettlementRecorded: (payment, { settlementId, source, sourceId, gross, fee, net, currency, availableOn }) => {
    const settlement = { settlementId, source, sourceId, gross, fee, net, currency, availableOn };
    return changed(payment, { settlements: joinInto(payment.settlements, settlementId, settlement, (first) => first) });
  },

  DriftDetected: (payment, { rule, fact, details }) => {
    if (rule !== 'amount_differs' && rule !== 'charge_differs') return payment;
    const key = contradictionKey(fact, String(details.id), String(details.reported));
    return changed(payment, { contradictions: joinInto(payment.contradictions, key, true as const, (first) => first) });
  },
};

/** Names a contradiction that was flagged: the fact's type, what it is about, and what it reported. */
export const contradictionKey = (fact: string, id: string, reported: string | number): string =>
  `${fact}:${id}:${reported}`;

/** Folds one event into the payment. Gives back the same object when the event says nothing new. */
export const evolve = (payment: Payment, event: PaymentEvent): Payment =>
  (folders[event.type] as Folder<PaymentEvent>)(payment, event);

/** The payment that `events`, in the order of their stream, add up to. */
export const foldPayment = (events: Iterable<PaymentEvent>): Payment => {
  let payment = initialPayment;
  for (const event of events) payment = evolve(payment, event);
  return payment;
};
