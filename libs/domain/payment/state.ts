import type { CaptureMethod } from './events.js';

/**
 * What a payment's events add up to: maps keyed by what each fact is about, each value a join (join.ts), so that any order
 * and repetition of the same facts ends in the same state. Totals and status are derived from it (views.ts).
 */

export type AttemptStage =
  | { phase: 'requested' }
  | { phase: 'action_required'; action: string }
  | { phase: 'processing' }
  | { phase: 'failed'; code: string; declineCode?: string }
  | { phase: 'authorized' }
  | { phase: 'captured' }
  | { phase: 'canceled'; reason?: string };

/** The life order of an attempt: what stands lower is stale once something higher is known. */
export const attemptRank: Readonly<Record<AttemptStage['phase'], number>> = {
  requested: 0,
  action_required: 1,
  processing: 2,
  failed: 3,
  authorized: 4,
  captured: 5,
  canceled: 6,
};

export interface Authorization {
  amount: number;
  expiresAt?: string;
  multicapture: boolean;
}

export interface Attempt {
  attempt: number;
  stage: AttemptStage;
  /** What was asked for. Absent where the processor reports an attempt that we never requested. */
  requested?: { paymentMethodId: string; amount: number };
  processorPaymentId?: string;
  authorization?: Authorization;
}

export type CaptureStage = { phase: 'requested' } | { phase: 'failed'; code: string } | { phase: 'captured' };
export const captureRank: Readonly<Record<CaptureStage['phase'], number>> = { requested: 0, failed: 1, captured: 2 };

export interface Capture {
  captureId: string;
  attempt: number;
  processorPaymentId?: string;
  amount: number;
  final: boolean;
  stage: CaptureStage;
  /** False where the processor reports a capture that no command asked for. */
  requested: boolean;
}

export type CancelStage = { phase: 'requested' } | { phase: 'failed'; code: string } | { phase: 'done' };
export const cancelRank: Readonly<Record<CancelStage['phase'], number>> = { requested: 0, failed: 1, done: 2 };

export interface Cancel {
  cancelId: string;
  attempt: number;
  stage: CancelStage;
}

export type RefundStage =
  | { phase: 'requested' }
  | { phase: 'pending'; processorRefundId: string }
  | { phase: 'succeeded'; processorRefundId: string }
  | { phase: 'failed'; code: string; processorRefundId?: string };

/** Failure outranks success: a refund that succeeded can fail later, and never the other way round. */
export const refundRank: Readonly<Record<RefundStage['phase'], number>> = {
  requested: 0,
  pending: 1,
  succeeded: 2,
  failed: 3,
};

export interface Refund {
  refundId: string;
  amount: number;
  stage: RefundStage;
  /** False where the processor reports a refund that no command asked for. */
  requested: boolean;
  processorPaymentId?: string;
  reason?: string;
}

/** Open until an outcome is known. Lost outranks won; both reported is drift. */
export interface Dispute {
  disputeId: string;
  amount: number;
  won: boolean;
  lost: boolean;
  processorPaymentId?: string;
}

/** Signed minor units of `currency`, which may differ from the payment's. */
export interface Settlement {
  settlementId: string;
  source: 'capture' | 'refund';
  sourceId: string;
  gross: number;
  fee: number;
  net: number;
  currency: string;
  availableOn: string;
}

export interface Payment {
  /** Empty until created. */
  paymentId: string;
  customerId: string;
  amount: number;
  currency: string;
  captureMethod: CaptureMethod;
  orderId?: string;
  createdAt: string;
  attempts: Readonly<Record<string, Attempt>>;
  captures: Readonly<Record<string, Capture>>;
  cancels: Readonly<Record<string, Cancel>>;
  refunds: Readonly<Record<string, Refund>>;
  disputes: Readonly<Record<string, Dispute>>;
  settlements: Readonly<Record<string, Settlement>>;
  /** Amounts and charges that contradict a recorded one and were flagged already, as `fact:id:reported`. */
  contradictions: Readonly<Record<string, true>>;
}

export const initialPayment: Payment = {
  paymentId: '',
  customerId: '',
  amount: 0,
  currency: '',
  captureMethod: 'automatic',
  createdAt: '',
  attempts: {},
  captures: {},
  cancels: {},
  refunds: {},
  disputes: {},
  settlements: {},
  contradictions: {},
};
