import type {
  CaptureMethod,
  ConfirmationTokenInspected,
  ConfirmationTokenRefused,
  DisputeOutcome,
  DisputeReported,
  FraudWarningReceived,
  PaymentActionStillRequired,
  PaymentLookupRequested,
  PresentedKind,
  ProcessorReviewReported,
  SettlementRecorded,
} from './events.js';

/**
 * What can be asked of a payment, and the facts that the processor reports about it. Time and ids come with the command;
 * amounts are minor units of the payment's currency. Commands are refused, facts are recorded.
 */

export interface CreatePayment {
  type: 'CreatePayment';
  paymentId: string;
  customerId: string;
  amount: number;
  /** Lower-case ISO 4217. */
  currency: string;
  captureMethod: CaptureMethod;
  orderId?: string;
  /** Given: the first attempt is requested at once. */
  paymentMethodId?: string;
  at: string;
}

export interface ConfirmPayment {
  type: 'ConfirmPayment';
  /** Default: the last attempt's. */
  paymentMethodId?: string;
  at: string;
}

/** The payer is there and has presented a payment method: it is looked at first, then charged. */
export interface PresentConfirmation {
  type: 'PresentConfirmation';
  confirmationId: string;
  /** The kinds that may be presented. Default: any. */
  methodKinds?: readonly PresentedKind[];
  at: string;
}

/** The payer has done what the processor asked of them, as their browser says: the attempt goes on. */
export interface FinishPaymentAction {
  type: 'FinishPaymentAction';
  actionId: string;
  at: string;
}

export interface CapturePayment {
  type: 'CapturePayment';
  captureId: string;
  /** Default: all that is left of the authorization. */
  amount?: number;
  /** Default true: releases what it leaves. */
  final?: boolean;
  at: string;
}

export interface CancelPayment {
  type: 'CancelPayment';
  cancelId: string;
  reason?: string;
  at: string;
}

export interface RefundPayment {
  type: 'RefundPayment';
  refundId: string;
  /** Default: all that is refundable. */
  amount?: number;
  reason?: string;
  at: string;
}

/** What the gateway found in a presented token. Decides, on the payment as it is then, whether it is charged. */
export type RecordConfirmationInspected = Omit<ConfirmationTokenInspected, 'type'> & {
  type: 'RecordConfirmationInspected';
};

export type RecordConfirmationRefused = Omit<ConfirmationTokenRefused, 'type'> & { type: 'RecordConfirmationRefused' };

export interface RecordActionRequired {
  type: 'RecordActionRequired';
  attempt: number;
  processorPaymentId: string;
  action: string;
  at: string;
}

export type RecordActionStillRequired = Omit<PaymentActionStillRequired, 'type'> & {
  type: 'RecordActionStillRequired';
};

export interface RecordProcessing {
  type: 'RecordProcessing';
  attempt: number;
  processorPaymentId: string;
  at: string;
}

export interface RecordAuthorization {
  type: 'RecordAuthorization';
  attempt: number;
  processorPaymentId: string;
  amount: number;
  expiresAt?: string;
  multicapture?: boolean;
  at: string;
}

/** Also the outcome of an attempt with automatic capture: no authorization needs to have been recorded. */
export interface RecordCapture {
  type: 'RecordCapture';
  attempt: number;
  captureId: string;
  processorPaymentId: string;
  amount: number;
  final: boolean;
  at: string;
}

export interface RecordFailure {
  type: 'RecordFailure';
  attempt: number;
  code: string;
  declineCode?: string;
  processorPaymentId?: string;
  at: string;
}

export interface RecordCaptureFailure {
  type: 'RecordCaptureFailure';
  captureId: string;
  code: string;
  at: string;
}

export interface RecordCancellation {
  type: 'RecordCancellation';
  attempt: number;
  reason?: string;
  at: string;
}

export interface RecordCancelFailure {
  type: 'RecordCancelFailure';
  cancelId: string;
  code: string;
  at: string;
}

interface RefundOutcome {
  type: 'RecordRefundOutcome';
  refundId: string;
  amount: number;
  /** The charge that was refunded, where the processor says so; needed only for a refund that we did not request. */
  processorPaymentId?: string;
  at: string;
}

export type RecordRefundOutcome =
  | (RefundOutcome & { outcome: 'pending' | 'succeeded'; processorRefundId: string })
  | (RefundOutcome & { outcome: 'failed'; processorRefundId?: string; code: string });

export interface RecordDisputeOpened {
  type: 'RecordDisputeOpened';
  disputeId: string;
  processorPaymentId?: string;
  amount: number;
  at: string;
}

export interface RecordDisputeClosed {
  type: 'RecordDisputeClosed';
  disputeId: string;
  processorPaymentId?: string;
  outcome: DisputeOutcome;
  amount: number;
  at: string;
}

/** Evidence on an open dispute. `evidence` is sealed text. */
export interface SubmitDisputeEvidence {
  type: 'SubmitDisputeEvidence';
  disputeId: string;
  evidenceId: string;
  evidence: string;
  submit: boolean;
  at: string;
}

export type RecordDisputeReported = Omit<DisputeReported, 'type' | 'currency'> & { type: 'RecordDisputeReported' };

export interface RecordDisputeFunds {
  type: 'RecordDisputeFunds';
  disputeId: string;
  processorPaymentId?: string;
  movementId: string;
  direction: 'withdrawn' | 'reinstated';
  /** Of the dispute: used where nothing else has told of it yet. */
  amount: number;
  at: string;
}

export interface RecordEvidenceOutcome {
  type: 'RecordEvidenceOutcome';
  disputeId: string;
  evidenceId: string;
  outcome: { submitted: boolean } | { code: string };
  at: string;
}

export type RecordProcessorReview = Omit<ProcessorReviewReported, 'type'> & { type: 'RecordProcessorReview' };

export type RecordFraudWarning = Omit<FraudWarningReceived, 'type'> & { type: 'RecordFraudWarning' };

/** Asks the gateway to look. Not a fact, but nobody can refuse it either. */
export type RequestPaymentLookup = Omit<PaymentLookupRequested, 'type'> & { type: 'RequestPaymentLookup' };

export type RecordSettlement = Omit<SettlementRecorded, 'type'> & { type: 'RecordSettlement' };

export type PaymentFact =
  | RecordConfirmationInspected
  | RecordConfirmationRefused
  | RecordActionRequired
  | RecordActionStillRequired
  | RecordProcessing
  | RecordAuthorization
  | RecordCapture
  | RecordFailure
  | RecordCaptureFailure
  | RecordCancellation
  | RecordCancelFailure
  | RecordRefundOutcome
  | RecordDisputeReported
  | RecordDisputeOpened
  | RecordDisputeFunds
  | RecordDisputeClosed
  | RecordEvidenceOutcome
  | RecordProcessorReview
  | RecordFraudWarning
  | RequestPaymentLookup
  | RecordSettlement;

export type PaymentCommand =
  | CreatePayment
  | ConfirmPayment
  | PresentConfirmation
  | FinishPaymentAction
  | CapturePayment
  | CancelPayment
  | RefundPayment
  | SubmitDisputeEvidence
  | PaymentFact;
