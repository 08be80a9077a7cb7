import type { DriftDetected } from '../drift.js';

/**
 * The events of one payment. Names and fields are a storage format: add optional fields, never rename. Amounts are
 * positive integers of the minor unit of `currency` (lower-case ISO 4217, the payment's unless said otherwise), `at` and
 * other times are RFC 3339, ids are ours unless they begin with `processor`. No token, no client secret, no personal data.
 */

export type CaptureMethod = 'automatic' | 'manual';

export interface PaymentCreated {
  type: 'PaymentCreated';
  paymentId: string;
  customerId: string;
  amount: number;
  currency: string;
  captureMethod: CaptureMethod;
  orderId?: string;
  at: string;
}

/** What a payer can pay with, by what is in a confirmation token. */
export type PresentedKind = 'card' | 'us_bank_account';

/**
 * The payer has put a payment method into the processor's own form, and the browser has brought its confirmation token. The gateway is to
 * look what it holds, before anything is charged. The token itself is sealed, under our id of it, outside of every event.
 */
export interface ConfirmationTokenPresented {
  type: 'ConfirmationTokenPresented';
  confirmationId: string;
  /** The kinds that it may hold. Absent: any. */
  methodKinds?: readonly PresentedKind[];
  at: string;
}

/** What the token holds. The attempt that is charged with it is requested in the same append, or is not to be. */
export interface ConfirmationTokenInspected {
  type: 'ConfirmationTokenInspected';
  confirmationId: string;
  methodKind: PresentedKind;
  /** Keyed digest of the processor's word for this card or account: the same one has the same digest within the tenant. */
  fingerprint?: string;
  at: string;
}

/** Nothing is charged with that token. The payer may present another. */
export interface ConfirmationTokenRefused {
  type: 'ConfirmationTokenRefused';
  confirmationId: string;
  code: string;
  at: string;
}

/** One attempt to charge, self-contained: the gateway needs nothing else. Attempts count from 1. */
export interface PaymentRequested {
  type: 'PaymentRequested';
  attempt: number;
  paymentMethodId: string;
  /** Charged with the confirmation token of which `paymentMethodId` is our id: once, for this attempt alone. */
  presented?: true;
  /** What a presented token holds. */
  methodKind?: PresentedKind;
  customerId: string;
  amount: number;
  currency: string;
  captureMethod: CaptureMethod;
  at: string;
}

export interface PaymentActionRequired {
  type: 'PaymentActionRequired';
  attempt: number;
  processorPaymentId: string;
  /** Kind of next action, such as `use_stripe_sdk`; never a client secret. */
  action: string;
  at: string;
}

/**
 * The payer's browser says that the payer has done what was asked. A claim: the gateway looks, and has the processor go on where it is so.
 * Only of an attempt with a presented token, which the processor lets nobody but us confirm.
 */
export interface PaymentActionFinished {
  type: 'PaymentActionFinished';
  actionId: string;
  attempt: number;
  at: string;
}

/** The processor still waits for the payer: what the browser has said is not so, or one more thing is to be done. */
export interface PaymentActionStillRequired {
  type: 'PaymentActionStillRequired';
  actionId: string;
  attempt: number;
  at: string;
}

/** The processor has accepted the attempt and will know the result in days (bank debits). */
export interface PaymentProcessing {
  type: 'PaymentProcessing';
  attempt: number;
  processorPaymentId: string;
  at: string;
}

export interface PaymentAuthorized {
  type: 'PaymentAuthorized';
  attempt: number;
  processorPaymentId: string;
  amount: number;
  /** When the processor lets the authorization lapse, where it says so. */
  expiresAt?: string;
  /** Whether the processor's object allows more than one capture. Absent: it does not. */
  multicapture?: boolean;
  at: string;
}

export interface PaymentCaptured {
  type: 'PaymentCaptured';
  attempt: number;
  captureId: string;
  processorPaymentId: string;
  /** Of this capture alone. */
  amount: number;
  currency: string;
  /** Whether nothing more can be captured from this attempt. */
  final: boolean;
  at: string;
}

/** What a final capture left of the authorization went back to the payer. */
export interface AuthorizationReleased {
  type: 'AuthorizationReleased';
  attempt: number;
  amount: number;
  at: string;
}

export interface PaymentFailed {
  type: 'PaymentFailed';
  attempt: number;
  code: string;
  declineCode?: string;
  processorPaymentId?: string;
  at: string;
}

export interface CaptureRequested {
  type: 'CaptureRequested';
  captureId: string;
  attempt: number;
  processorPaymentId: string;
  amount: number;
  currency: string;
  final: boolean;
  at: string;
}

export interface CaptureFailed {
  type: 'CaptureFailed';
  captureId: string;
  code: string;
  at: string;
}

export interface CancelRequested {
  type: 'CancelRequested';
  cancelId: string;
  attempt: number;
  processorPaymentId: string;
  reason?: string;
  at: string;
}

export interface CancelFailed {
  type: 'CancelFailed';
  cancelId: string;
  code: string;
  at: string;
}

export interface PaymentCanceled {
  type: 'PaymentCanceled';
  /** 0 when the payment was canceled before any attempt. */
  attempt: number;
  /** The command that canceled a payment of which the processor knew nothing. */
  cancelId?: string;
  reason?: string;
  at: string;
}

export interface RefundRequested {
  type: 'RefundRequested';
  refundId: string;
  processorPaymentId: string;
  amount: number;
  currency: string;
  reason?: string;
  at: string;
}

/** What the ledger held for a refund before an event about it. A failed refund holds nothing. */
export type RefundBooked = 'nothing' | 'pending' | 'succeeded';

export interface RefundPending {
  type: 'RefundPending';
  refundId: string;
  processorRefundId: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  amount: number;
  currency: string;
  booked: RefundBooked;
  at: string;
}

export interface RefundSucceeded {
  type: 'RefundSucceeded';
  refundId: string;
  processorRefundId: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  amount: number;
  currency: string;
  booked: RefundBooked;
  at: string;
}

export interface RefundFailed {
  type: 'RefundFailed';
  refundId: string;
  processorRefundId?: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  code: string;
  amount: number;
  currency: string;
  /** What the failure takes back in the ledger. A refund that succeeded can fail. */
  reverses: RefundBooked;
  at: string;
}

export type DisputeOutcome = 'won' | 'lost';

/** What the ledger held for a dispute before an event about it. */
export type DisputeBooked = 'nothing' | 'open' | DisputeOutcome;

/** `inquiry`: the bank asks and no money has moved. `prevented`: it never became a dispute. */
export type DisputeStatus =
  | 'inquiry'
  | 'inquiry_under_review'
  | 'inquiry_closed'
  | 'needs_response'
  | 'under_review'
  | 'won'
  | 'lost'
  | 'prevented';

/** How a dispute stands at the processor. Moves no money: DisputeOpened, DisputeFundsMoved and DisputeClosed do. */
export interface DisputeReported {
  type: 'DisputeReported';
  disputeId: string;
  processorDisputeId: string;
  processorPaymentId?: string;
  amount: number;
  currency: string;
  status: DisputeStatus;
  /** The processor's word, such as `fraudulent`. */
  reason: string;
  /** Until when evidence is taken. */
  evidenceDueBy?: string;
  /** How often evidence was submitted, by whomever. */
  submissions: number;
  at: string;
}

export interface DisputeOpened {
  type: 'DisputeOpened';
  disputeId: string;
  /** The disputed charge, where the processor says so: a payment charged twice has two. */
  processorPaymentId?: string;
  amount: number;
  currency: string;
  /** `nothing`, unless the dispute was reported closed before it was reported open. */
  booked: DisputeBooked;
  at: string;
}

export interface DisputeClosed {
  type: 'DisputeClosed';
  disputeId: string;
  processorPaymentId?: string;
  outcome: DisputeOutcome;
  amount: number;
  currency: string;
  booked: DisputeBooked;
  /** What the ledger holds for it from then on. Absent: the outcome, unless it was lost before. */
  becomes?: DisputeBooked;
  at: string;
}

/**
 * The processor took the disputed money, or gave it back. What the ledger holds follows the money: funds that are taken again
 * after a won dispute reverse its postings, and so do funds that come back after a lost one; the outcome stays as it was told.
 */
export interface DisputeFundsMoved {
  type: 'DisputeFundsMoved';
  disputeId: string;
  processorPaymentId?: string;
  /** The processor's balance transaction id. */
  movementId: string;
  direction: 'withdrawn' | 'reinstated';
  /** Of the dispute. */
  amount: number;
  currency: string;
  booked: DisputeBooked;
  becomes: DisputeBooked;
  at: string;
}

/** Evidence is to be sent to the processor. */
export interface DisputeEvidenceRequested {
  type: 'DisputeEvidenceRequested';
  disputeId: string;
  evidenceId: string;
  processorDisputeId: string;
  /** Sealed text: the evidence may hold personal data. */
  evidence: string;
  /** False stages it; true submits it to the bank, which is final. */
  submit: boolean;
  at: string;
}

export interface DisputeEvidenceSubmitted {
  type: 'DisputeEvidenceSubmitted';
  disputeId: string;
  evidenceId: string;
  submit: boolean;
  at: string;
}

export interface DisputeEvidenceFailed {
  type: 'DisputeEvidenceFailed';
  disputeId: string;
  evidenceId: string;
  code: string;
  at: string;
}

/** The processor holds the payment for a person to look at, or no longer does. */
export interface ProcessorReviewReported {
  type: 'ProcessorReviewReported';
  processorReviewId: string;
  open: boolean;
  /** Why it was opened: the processor's word, such as `rule`. */
  reason: string;
  /** How it ended: the processor's word, such as `approved`. */
  closedReason?: string;
  at: string;
}

/** The card's network suspects fraud: a dispute may follow. */
export interface FraudWarningReceived {
  type: 'FraudWarningReceived';
  processorWarningId: string;
  /** The processor's word, such as `misc`. */
  fraudType: string;
  /** Whether a full refund now would keep a dispute away. */
  actionable: boolean;
  at: string;
}

/** Something was heard of the payment that does not say enough: the gateway is to look at it, and records what it finds. */
export interface PaymentLookupRequested {
  type: 'PaymentLookupRequested';
  lookupId: string;
  processorPaymentId: string;
  /** What was heard: a stable word such as `charge_changed`. */
  reason: string;
  at: string;
}

/** A processor's balance transaction. Signed, in minor units of `currency`: a refund's gross is negative. */
export interface SettlementRecorded {
  type: 'SettlementRecorded';
  /** The processor's balance transaction id. */
  settlementId: string;
  source: 'capture' | 'refund' | 'dispute';
  /** The captureId, refundId or disputeId. */
  sourceId: string;
  gross: number;
  fee: number;
  /** gross - fee. */
  net: number;
  /** Currency of settlement, which may differ from the payment's. */
  currency: string;
  /** Decimal string, settlement units for one unit of the payment's currency. Only with a conversion. */
  rate?: string;
  /** Signed, what was settled in `sourceCurrency`. Only with a conversion. */
  sourceAmount?: number;
  /** The payment's currency. Only with a conversion. */
  sourceCurrency?: string;
  availableOn: string;
  at: string;
}

export type PaymentEvent =
  | PaymentCreated
  | ConfirmationTokenPresented
  | ConfirmationTokenInspected
  | ConfirmationTokenRefused
  | PaymentRequested
  | PaymentActionRequired
  | PaymentActionFinished
  | PaymentActionStillRequired
  | PaymentProcessing
  | PaymentAuthorized
  | PaymentCaptured
  | AuthorizationReleased
  | PaymentFailed
  | CaptureRequested
  | CaptureFailed
  | CancelRequested
  | CancelFailed
  | PaymentCanceled
  | RefundRequested
  | RefundPending
  | RefundSucceeded
  | RefundFailed
  | DisputeReported
  | DisputeOpened
  | DisputeFundsMoved
  | DisputeClosed
  | DisputeEvidenceRequested
  | DisputeEvidenceSubmitted
  | DisputeEvidenceFailed
  | ProcessorReviewReported
  | FraudWarningReceived
  | PaymentLookupRequested
  | SettlementRecorded
  | DriftDetected;
