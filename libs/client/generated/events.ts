/* Made by `npm run contracts` from the schemas in docs/contracts. Do not edit. */

/** One of the words known today, or one that came later. */
export type OpenWord<Known extends string> = Known | (string & Record<never, never>);

/** A customer was created. What is personal about it is sealed and reads as nothing to others. */
export interface CustomerCreated {
  customerId: string;
  /** Sealed text (e-mail, name, address): opaque here, and the only place where it stands. */
  personal: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has the customer. */
export interface CustomerRegistered {
  processorCustomerId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused the customer: it can be given no payment method. */
export interface CustomerRegistrationFailed {
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payment method was asked for by the processor's token; the processor has not answered. */
export interface PaymentMethodAttachRequested {
  paymentMethodId: string;
  customerId: string;
  /** Kind of payment method. */
  kind: OpenWord<'card' | 'us_bank_account'>;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payment method belongs to its customer and can be charged. */
export interface PaymentMethodAttached {
  /** Sealed text: brand, last four digits, expiry. */
  details: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused the payment method. */
export interface PaymentMethodAttachFailed {
  /** A stable word of this service or of the processor. */
  code: string;
  /** The issuer's reason, as the processor words it. */
  declineCode?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payment was created. Nothing is charged until PaymentRequested. */
export interface PaymentCreated {
  paymentId: string;
  customerId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** `manual` only authorizes, until a capture. */
  captureMethod: 'automatic' | 'manual';
  orderId?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** One attempt to charge was asked for; the processor has not answered. Attempts count from 1. */
export interface PaymentRequested {
  /** Number of the attempt, from 1. */
  attempt: number;
  paymentMethodId: string;
  customerId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** `manual` only authorizes, until a capture. */
  captureMethod: 'automatic' | 'manual';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payer has to do something, such as 3-D Secure, before the attempt goes on. */
export interface PaymentActionRequired {
  /** Number of the attempt, from 1. */
  attempt: number;
  processorPaymentId: string;
  /** Kind of next action, such as `use_stripe_sdk`; never a client secret. */
  action: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has accepted the attempt and will know the result in days (bank debits). */
export interface PaymentProcessing {
  /** Number of the attempt, from 1. */
  attempt: number;
  processorPaymentId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The amount is held on the card, and is taken by a capture. */
export interface PaymentAuthorized {
  /** Number of the attempt, from 1. */
  attempt: number;
  processorPaymentId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** When the processor lets the authorization lapse, where it says so. */
  expiresAt?: string;
  /** Whether the processor's object allows more than one capture. Absent: it does not. */
  multicapture?: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Money was taken. A payment can have several captures: add them up. */
export interface PaymentCaptured {
  /** Number of the attempt, from 1. */
  attempt: number;
  captureId: string;
  processorPaymentId: string;
  /** Of this capture alone. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** Whether nothing more can be captured from this attempt. */
  final: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The attempt failed. The payment can be confirmed again, which opens the next attempt. */
export interface PaymentFailed {
  /** Number of the attempt, from 1. */
  attempt: number;
  /** A stable word of this service or of the processor. */
  code: string;
  /** The issuer's reason, as the processor words it. */
  declineCode?: string;
  processorPaymentId?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A capture was asked for; the processor has not answered. */
export interface CaptureRequested {
  captureId: string;
  /** Number of the attempt, from 1. */
  attempt: number;
  processorPaymentId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  final: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused a capture. What was authorized stays so. */
export interface CaptureFailed {
  captureId: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** What a final capture left of the authorization went back to the payer. */
export interface AuthorizationReleased {
  /** Number of the attempt, from 1. */
  attempt: number;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A cancellation was asked for; the processor has not answered. */
export interface CancelRequested {
  cancelId: string;
  /** Number of the attempt, from 1. */
  attempt: number;
  processorPaymentId: string;
  /** As the command gave it. */
  reason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused a cancellation. */
export interface CancelFailed {
  cancelId: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payment was canceled; nothing was taken by this attempt. */
export interface PaymentCanceled {
  /** 0 when the payment was canceled before any attempt. */
  attempt: number;
  /** The command that canceled a payment of which the processor knew nothing. */
  cancelId?: string;
  /** As the command gave it. */
  reason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A refund was asked for; the processor has not answered. */
export interface RefundRequested {
  refundId: string;
  processorPaymentId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** As the command gave it. */
  reason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has accepted a refund and is returning the money. */
export interface RefundPending {
  refundId: string;
  processorRefundId: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** What the ledger held for it before this event. */
  booked: 'nothing' | 'pending' | 'succeeded';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A refund was paid. It can still fail later: see RefundFailed. */
export interface RefundSucceeded {
  refundId: string;
  processorRefundId: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** What the ledger held for it before this event. */
  booked: 'nothing' | 'pending' | 'succeeded';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A refund failed, even after it had succeeded; `reverses` says what to take back. */
export interface RefundFailed {
  refundId: string;
  processorRefundId?: string;
  /** The refunded charge, where the processor named it. */
  processorPaymentId?: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** What the failure takes back in the ledger. A refund that succeeded can fail. */
  reverses: 'nothing' | 'pending' | 'succeeded';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payer disputes the charge; the amount is held back. */
export interface DisputeOpened {
  disputeId: string;
  /** The disputed charge, where the processor says so: a payment charged twice has two. */
  processorPaymentId?: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** `nothing`, unless the dispute was reported closed before it was reported open. */
  booked: 'nothing' | 'open' | 'won' | 'lost';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A dispute was decided. */
export interface DisputeClosed {
  disputeId: string;
  processorPaymentId?: string;
  outcome: 'won' | 'lost';
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** What the ledger held for it before this event. */
  booked: 'nothing' | 'open' | 'won' | 'lost';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor's books have the charge or refund: fee, net amount and the day it is available. */
export interface SettlementRecorded {
  /** The processor's balance transaction id. */
  settlementId: string;
  /** What was settled. */
  source: OpenWord<'capture' | 'refund'>;
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
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor reported a fact that contradicts what was recorded. It follows that fact, for people to look at. */
export interface DriftDetected {
  /** Type of the event that reports the fact. */
  fact: string;
  /** The invariant that does not hold, a stable snake_case word such as `captured_twice`. */
  rule: string;
  /** Ids, and amounts in minor units. No personal data. */
  details: Record<string, string | number>;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The data of an event, by its type. */
export interface EventData {
  CustomerCreated: CustomerCreated;
  CustomerRegistered: CustomerRegistered;
  CustomerRegistrationFailed: CustomerRegistrationFailed;
  PaymentMethodAttachRequested: PaymentMethodAttachRequested;
  PaymentMethodAttached: PaymentMethodAttached;
  PaymentMethodAttachFailed: PaymentMethodAttachFailed;
  PaymentCreated: PaymentCreated;
  PaymentRequested: PaymentRequested;
  PaymentActionRequired: PaymentActionRequired;
  PaymentProcessing: PaymentProcessing;
  PaymentAuthorized: PaymentAuthorized;
  PaymentCaptured: PaymentCaptured;
  PaymentFailed: PaymentFailed;
  CaptureRequested: CaptureRequested;
  CaptureFailed: CaptureFailed;
  AuthorizationReleased: AuthorizationReleased;
  CancelRequested: CancelRequested;
  CancelFailed: CancelFailed;
  PaymentCanceled: PaymentCanceled;
  RefundRequested: RefundRequested;
  RefundPending: RefundPending;
  RefundSucceeded: RefundSucceeded;
  RefundFailed: RefundFailed;
  DisputeOpened: DisputeOpened;
  DisputeClosed: DisputeClosed;
  SettlementRecorded: SettlementRecorded;
  DriftDetected: DriftDetected;
}
