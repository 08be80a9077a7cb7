/**
 * A processor's objects in our words. Amounts are integers of the minor unit of `currency` (lower-case ISO 4217), times RFC 3339.
 */

/** A balance transaction. Signed, in minor units of `currency`, which is that of the balance: a refund's gross is negative. */
export interface ProcessorSettlement {
  settlementId: string;
  gross: number;
  fee: number;
  net: number;
  currency: string;
  /** Decimal string. These three only with a conversion. */
  rate?: string;
  sourceAmount?: number;
  sourceCurrency?: string;
  availableOn: string;
}

export type ProcessorPaymentState =
  | { status: 'captured' }
  | { status: 'authorized'; amount: number; expiresAt?: string; multicapture: boolean }
  /** `clientSecret` is for the customer's browser alone: sealed, never logged, never in an event. */
  | { status: 'action_required'; action: string; clientSecret?: string }
  | { status: 'processing' }
  | { status: 'failed'; code: string; declineCode?: string }
  | { status: 'canceled' }
  /**
   * No money can move until somebody confirms it. `confirmation`: the payer has given all that it takes; of one with a presented token, has
   * done what was asked of them. `method`: there is nothing to charge, for none was given, or it was given too long ago.
   */
  | { status: 'unconfirmed'; awaits: 'confirmation' | 'method' };

export type ProcessorPayment = ProcessorPaymentState & {
  processorPaymentId: string;
  currency: string;
  /** Captured so far, over all captures. */
  captured: number;
  /** Of the charge, where it has one already: what its latest capture brought. */
  settlement?: ProcessorSettlement;
  /** What each of its captures brought, oldest first, as far as it is booked. Only of a payment that was looked up. */
  settlements?: readonly ProcessorSettlement[];
};

export interface ProcessorRefund {
  processorRefundId: string;
  status: 'pending' | 'succeeded' | 'failed';
  /** Why it failed. */
  code?: string;
  amount: number;
  settlement?: ProcessorSettlement;
  /** The money back, of one that failed after it was settled. */
  reversal?: ProcessorSettlement;
}

/** `inquiry`: the bank asks, no money has moved. `prevented`: it never became a dispute. */
export type ProcessorDisputeStatus =
  | 'inquiry'
  | 'inquiry_under_review'
  | 'inquiry_closed'
  | 'needs_response'
  | 'under_review'
  | 'won'
  | 'lost'
  | 'prevented';

/** Money that the processor took for a dispute (gross below 0) or gave back (above 0). */
export type ProcessorDisputeMovement = ProcessorSettlement;

export interface ProcessorDispute {
  processorDisputeId: string;
  processorPaymentId: string | undefined;
  amount: number;
  currency: string;
  /** The processor's word, such as `fraudulent`. */
  reason: string;
  status: ProcessorDisputeStatus;
  /** Until when evidence is taken. */
  evidenceDueBy?: string;
  /** How often evidence was submitted. */
  submissions: number;
  movements: readonly ProcessorDisputeMovement[];
}

export interface ProcessorPayout {
  processorPayoutId: string;
  amount: number;
  currency: string;
  status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';
  failureCode?: string;
  arrivesOn: string;
}

export interface ProcessorAccount {
  processorAccountId: string;
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  /** The processor's words for what it still wants, such as `external_account`. Sorted. */
  requirementsDue: readonly string[];
  disabledReason?: string;
}

/** Whom an object says it belongs to: the metadata that we set on it, and the customer it is of. Claims, until they are checked. */
export interface Claim {
  tenantId?: string;
  customerId?: string;
  paymentId?: string;
  attempt?: number;
  captureId?: string;
  refundId?: string;
  paymentMethodId?: string;
  setupIntentId?: string;
  processorCustomerId?: string;
}
