import type {
  Claim,
  ProcessorAccount,
  ProcessorDispute,
  ProcessorPayment,
  ProcessorPayout,
  ProcessorRefund,
} from './objects.js';

/**
 * What the processor says of its own accord, read from a verified event of whichever API version, in the port's words. Amounts
 * are integers of the minor unit of `currency`, times RFC 3339. News are facts about the processor's objects as they stood when
 * the event was made; whom they belong to is a claim until it is checked against our own streams.
 */

export interface PaymentNews {
  about: 'payment';
  /** Never with a client secret. What an event leaves out of an authorization (its end, whether it takes several captures) is unknown. */
  payment: ProcessorPayment;
  claim: Claim;
}

/** A charge tells how much was taken and returned in all, not by which capture or refund. */
export interface ChargeNews {
  about: 'charge';
  processorChargeId: string;
  /** Undefined for a charge that no payment made: none of ours. */
  processorPaymentId: string | undefined;
  currency: string;
  captured: number;
  refunded: number;
  /** Whether a balance transaction is there to be fetched. */
  settled: boolean;
  claim: Claim;
}

export interface RefundNews {
  about: 'refund';
  refund: ProcessorRefund;
  processorPaymentId: string | undefined;
  currency: string;
  claim: Claim;
}

export interface DisputeNews {
  about: 'dispute';
  dispute: ProcessorDispute;
  claim: Claim;
}

export interface PayoutNews {
  about: 'payout';
  payout: ProcessorPayout;
  claim: Claim;
}

export interface AccountNews {
  about: 'account';
  account: ProcessorAccount;
  claim: Claim;
}

/** `token` is a secret: never logged, never in an event. */
export interface PaymentMethodNews {
  about: 'payment_method';
  change: 'attached' | 'detached' | 'updated';
  token: string;
  claim: Claim;
}

export interface SetupNews {
  about: 'setup';
  change: 'succeeded' | 'failed' | 'action_required' | 'canceled';
  processorSetupId: string;
  token: string | undefined;
  claim: Claim;
}

export interface CustomerNews {
  about: 'customer';
  change: 'deleted';
  processorCustomerId: string;
  claim: Claim;
}

export interface ReviewNews {
  about: 'review';
  processorReviewId: string;
  open: boolean;
  /** Why it was opened, and once closed how it ended: the processor's words. */
  reason: string;
  closedReason?: string;
  processorPaymentId: string | undefined;
}

export interface FraudWarningNews {
  about: 'fraud_warning';
  processorWarningId: string;
  fraudType: string;
  actionable: boolean;
  processorPaymentId: string | undefined;
  processorChargeId: string;
}

export interface MandateNews {
  about: 'mandate';
  processorMandateId: string;
  status: 'active' | 'inactive' | 'pending';
  token: string;
}

export interface FinancialAccountNews {
  about: 'financial_account';
  processorFinancialAccountId: string;
  connected: boolean;
  processorCustomerId: string | undefined;
}

/** A thin event: it only names an object that has changed. */
export interface ReferenceNews {
  about: 'reference';
  object: 'account';
  processorId: string;
}

export type News =
  | PaymentNews
  | ChargeNews
  | RefundNews
  | DisputeNews
  | PayoutNews
  | AccountNews
  | PaymentMethodNews
  | SetupNews
  | CustomerNews
  | ReviewNews
  | FraudWarningNews
  | MandateNews
  | FinancialAccountNews
  | ReferenceNews;

/** What every event says of itself. */
export interface ProcessorEventHead {
  eventId: string;
  type: string;
  /** Undefined for thin events. */
  apiVersion: string | undefined;
  livemode: boolean;
  /** The connected account it happened on; undefined for the platform's own. */
  account: string | undefined;
  created: string;
}

/**
 * What came of reading an event. `unused`: a type that this service has no use for, or not yet. `unreadable`: used, but of an API
 * version or a form that this release does not know; `reason` is a stable code with the version or field at fault.
 */
export type Reading =
  { kind: 'news'; news: News } | { kind: 'unused'; reason: string } | { kind: 'unreadable'; reason: string };
