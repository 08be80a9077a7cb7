import type { CaptureMethod, DisputeFundsMoved, DisputeStatus, PresentedKind } from './events.js';

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
  requested?: { paymentMethodId: string; amount: number; presented?: true };
  processorPaymentId?: string;
  authorization?: Authorization;
}

/** A confirmation token on its way: presented by the payer, then either refused or inspected and charged. */
export type PresentationStage =
  | { phase: 'presented' }
  | { phase: 'refused'; code: string }
  | { phase: 'inspected'; methodKind: PresentedKind; fingerprint?: string };
export const presentationRank: Readonly<Record<PresentationStage['phase'], number>> = {
  presented: 0,
  refused: 1,
  inspected: 2,
};

export interface Presentation {
  confirmationId: string;
  stage: PresentationStage;
  /** When it was presented; empty where that is not known yet. */
  at: string;
  methodKinds?: readonly PresentedKind[];
}

/** What a payer's browser has said of an action: that it is finished, until the processor says that it is not. */
export type ActionPhase = 'finished' | 'still_required';
export const actionRank: Readonly<Record<ActionPhase, number>> = { finished: 0, still_required: 1 };

export interface PayerAction {
  actionId: string;
  attempt: number;
  stage: { phase: ActionPhase };
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
  reason?: string;
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

export type DisputeStage = { phase: DisputeStatus; reason: string; amount: number };

/** An inquiry can become a dispute, a dispute is answered and decided, and one that was won can be lost after all. */
export const disputeRank: Readonly<Record<DisputeStatus, number>> = {
  inquiry: 0,
  inquiry_under_review: 1,
  inquiry_closed: 2,
  needs_response: 3,
  under_review: 4,
  prevented: 5,
  won: 6,
  lost: 7,
};

/** How a dispute stands at the processor. Money follows other facts. */
export interface DisputeReport {
  stage: DisputeStage;
  /** The latest that was told. */
  evidenceDueBy?: string;
  submissions: number;
}

export type EvidenceStage = { phase: 'requested' } | { phase: 'failed'; code: string } | { phase: 'sent' };
export const evidenceRank: Readonly<Record<EvidenceStage['phase'], number>> = { requested: 0, failed: 1, sent: 2 };

/** What we sent, or are to send, to the processor. What it says stays in the event that asks for it. */
export interface Evidence {
  evidenceId: string;
  /** Whether it goes to the bank, which is final. */
  submit: boolean;
  stage: EvidenceStage;
}

/** Open until an outcome is known. Lost outranks won; both reported is drift. */
export interface Dispute {
  disputeId: string;
  /** What the books go by: that of the first event about money. 0 before: an inquiry moves none. */
  amount: number;
  won: boolean;
  lost: boolean;
  processorPaymentId?: string;
  processorDisputeId?: string;
  report?: DisputeReport;
  /** What the processor did with the money, by movementId. */
  movements?: Readonly<Record<string, DisputeFundsMoved['direction']>>;
  evidence?: Readonly<Record<string, Evidence>>;
}

export type ReviewStage =
  { phase: 'open'; reason: string } | { phase: 'closed'; reason: string; closedReason?: string };
export const reviewRank: Readonly<Record<ReviewStage['phase'], number>> = { open: 0, closed: 1 };

export interface FraudWarning {
  fraudType: string;
  /** Once a warning cannot be acted on any more it stays so. */
  actionable: boolean;
}

/** Signed minor units of `currency`, which may differ from the payment's. */
export interface Settlement {
  settlementId: string;
  source: 'capture' | 'refund' | 'dispute';
  sourceId: string;
  gross: number;
  fee: number;
  net: number;
  currency: string;
  availableOn: string;
}

/** What is optional came later: states that were stored before have none of it, and need none. */
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
  /** Confirmation tokens, by our ids of them. */
  presentations?: Readonly<Record<string, Presentation>>;
  /** What was said of actions of the payer's, by actionId. */
  actions?: Readonly<Record<string, PayerAction>>;
  /** The processor's own reviews, by their ids there. */
  reviews?: Readonly<Record<string, ReviewStage>>;
  /** By their ids at the processor. */
  fraudWarnings?: Readonly<Record<string, FraudWarning>>;
  /** Looks that were asked of the gateway, by lookupId. */
  lookups?: Readonly<Record<string, true>>;
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
