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

/** One attempt to charge, self-contained: the gateway needs nothing else. Attempts count from 1. */
export interface PaymentRequested {
  type: 'PaymentRequested';
  attempt: number;
  paymentMethodId: string;
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
  at: string;
}

/** A processor's balance transaction. Signed, in minor units of `currency`: a refund's gross is negative. */
export interface SettlementRecorded {
  type: 'SettlementRecorded';
  /** The processor's balance transaction id. */
  settlementId: string;
  source: 'capture' | 'refund';
  /** The captureId or refundId. */
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
  | PaymentRequested
  | PaymentActionRequired
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
  | DisputeOpened
  | DisputeClosed
  | SettlementRecorded
  | DriftDetected;
