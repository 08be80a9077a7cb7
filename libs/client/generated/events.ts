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

/** The customer was deleted at the processor: it can be charged no more under that id. */
export interface CustomerDeletedAtProcessor {
  processorCustomerId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The customer has connected a bank account, or the connection has ended. */
export interface FinancialAccountReported {
  processorFinancialAccountId: string;
  connected: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payment method that the customer is offered first. */
export interface CustomerDefaultPaymentMethodSet {
  paymentMethodId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The default payment method was taken from the customer: there is none now. */
export interface CustomerDefaultPaymentMethodCleared {
  paymentMethodId: string;
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
  /** Sealed text: brand, last four digits, expiry, fingerprint. */
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

/** The payment method is to be taken from its customer and can be charged no more; the processor has not answered. */
export interface PaymentMethodDetachRequested {
  detachId: string;
  /** A word of ours, such as `replaced`. */
  reason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payment method was taken from its customer and can be charged no more. */
export interface PaymentMethodDetached {
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused to take the payment method from its customer: it can be charged as before. */
export interface PaymentMethodDetachFailed {
  detachId: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The bank has issued the card anew, for instance with another expiry. */
export interface PaymentMethodUpdated {
  /** Sealed text: brand, last four digits, expiry, fingerprint. */
  details: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Something was heard of the payment method; this service looks how it stands. */
export interface PaymentMethodLookupRequested {
  lookupId: string;
  /** What was heard: a stable word such as `updated`. */
  reason: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** How the payer's permission for bank debits stands. */
export interface MandateReported {
  processorMandateId: string;
  status: OpenWord<'active' | 'inactive' | 'pending'>;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The card ends within thirty days, or has ended. Once for each date. */
export interface PaymentMethodExpiring {
  /** The last month in which it can be charged, as `YYYY-MM`. */
  expiresOn: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payment method is to be set up without a charge; the processor has not answered. */
export interface SetupIntentRequested {
  setupIntentId: string;
  customerId: string;
  /** Ours, of the payment method that comes of it once it has succeeded. */
  paymentMethodId: string;
  /** What the payer may choose from. */
  methodKinds: readonly OpenWord<'card' | 'us_bank_account'>[];
  usage: 'on_session' | 'off_session';
  /** Where the payer has filled in the processor's form already: a sealed row holds the token under this id. */
  confirmationId?: string;
  /** Of a checkout page, on which each attempt is a setup of its own: one that is refused is canceled at the processor at once. */
  checkoutSessionId?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has the setup and waits for the payer to give a payment method. */
export interface SetupIntentCreated {
  processorSetupIntentId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payer has to do something, such as 3-D Secure, before the setup goes on. */
export interface SetupIntentActionRequired {
  processorSetupIntentId: string;
  action: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor is at it and will tell how it ends. */
export interface SetupIntentProcessing {
  processorSetupIntentId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payment method belongs to the customer. `paymentMethodId` of SetupIntentRequested names it; its own events tell of it from here on. */
export interface SetupIntentSucceeded {
  processorSetupIntentId: string;
  methodKind: OpenWord<'card' | 'us_bank_account'>;
  /** The processor's id of the payer's permission for bank debits. */
  mandate?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** An attempt at the setup was refused. The payer can try another payment method, where the processor has made it. */
export interface SetupIntentFailed {
  /** A stable word of this service or of the processor. */
  code: string;
  /** The issuer's reason, as the processor words it. */
  declineCode?: string;
  /** Absent where the processor did not even make it: then nobody can try it again. */
  processorSetupIntentId?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The setup was canceled; nobody can complete it any more. */
export interface SetupIntentCanceled {
  processorSetupIntentId?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Something was heard of the setup; this service looks how it stands. */
export interface SetupIntentLookupRequested {
  lookupId: string;
  processorSetupIntentId: string;
  /** What was heard: a stable word such as `succeeded`. */
  reason: string;
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

/** The payer has put a payment method into the processor's form; this service looks what it is before anything is charged. */
export interface ConfirmationTokenPresented {
  confirmationId: string;
  /** The kinds that it may hold. Absent: any. */
  methodKinds?: readonly OpenWord<'card' | 'us_bank_account'>[];
  /** When it happened, as far as this service knows. */
  at: string;
}

/** What the payer has presented, by its kind and a digest. The attempt follows. */
export interface ConfirmationTokenInspected {
  confirmationId: string;
  methodKind: OpenWord<'card' | 'us_bank_account'>;
  /** Keyed digest of the processor's word for this card or account: the same one has the same digest within the tenant. */
  fingerprint?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Nothing is charged with what the payer has presented. Another can be presented. */
export interface ConfirmationTokenRefused {
  confirmationId: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** One attempt to charge was asked for; the processor has not answered. Attempts count from 1. */
export interface PaymentRequested {
  /** Number of the attempt, from 1. */
  attempt: number;
  paymentMethodId: string;
  /** Charged with the confirmation token of which `paymentMethodId` is our id: once, for this attempt alone. */
  presented?: true;
  /** What a presented token holds. */
  methodKind?: OpenWord<'card' | 'us_bank_account'>;
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

/** The payer's browser says that the payer has done it; this service looks, and has the processor go on where it is so. */
export interface PaymentActionFinished {
  actionId: string;
  /** Number of the attempt, from 1. */
  attempt: number;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor still waits for the payer: it was not so, or there is more to do. */
export interface PaymentActionStillRequired {
  actionId: string;
  /** Number of the attempt, from 1. */
  attempt: number;
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

/** How a dispute stands at the processor. It moves no money; an inquiry, which may become a dispute, is only reported. */
export interface DisputeReported {
  disputeId: string;
  processorDisputeId: string;
  processorPaymentId?: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  status: OpenWord<
    | 'inquiry'
    | 'inquiry_under_review'
    | 'inquiry_closed'
    | 'needs_response'
    | 'under_review'
    | 'won'
    | 'lost'
    | 'prevented'
  >;
  /** The processor's word, such as `fraudulent`. */
  reason: string;
  /** Until when evidence is taken. */
  evidenceDueBy?: string;
  /** How often evidence was submitted, by whomever. */
  submissions: number;
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

/** The processor took the money of a dispute or gave it back, even after the dispute was decided; `becomes` says what the books hold from then on. */
export interface DisputeFundsMoved {
  disputeId: string;
  processorPaymentId?: string;
  /** The processor's balance transaction id. */
  movementId: string;
  direction: 'withdrawn' | 'reinstated';
  /** Of the dispute. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** What the ledger held for it before this event. */
  booked: 'nothing' | 'open' | 'won' | 'lost';
  becomes: 'nothing' | 'open' | 'won' | 'lost';
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
  /** What the ledger holds for it from then on. Absent: the outcome, unless it was lost before. */
  becomes?: 'nothing' | 'open' | 'won' | 'lost';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Evidence was given for a dispute; the processor has not answered. */
export interface DisputeEvidenceRequested {
  disputeId: string;
  evidenceId: string;
  processorDisputeId: string;
  /** Sealed text: the evidence may hold personal data. */
  evidence: string;
  /** False stages it; true submits it to the bank, which is final. */
  submit: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has the evidence; with `submit`, so has the bank. */
export interface DisputeEvidenceSubmitted {
  disputeId: string;
  evidenceId: string;
  submit: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor refused the evidence. */
export interface DisputeEvidenceFailed {
  disputeId: string;
  evidenceId: string;
  /** A stable word of this service or of the processor. */
  code: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor has put the payment under review, or the review has ended. */
export interface ProcessorReviewReported {
  processorReviewId: string;
  open: boolean;
  /** Why it was opened: the processor's word, such as `rule`. */
  reason: string;
  /** How it ended: the processor's word, such as `approved`. */
  closedReason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The card's network suspects fraud: a dispute may follow. */
export interface FraudWarningReceived {
  processorWarningId: string;
  /** The processor's word, such as `misc`. */
  fraudType: string;
  /** Whether a full refund now would keep a dispute away. */
  actionable: boolean;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Something was heard of the payment; this service looks how it stands. */
export interface PaymentLookupRequested {
  lookupId: string;
  processorPaymentId: string;
  /** What was heard: a stable word such as `charge_changed`. */
  reason: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The processor's books have the charge, refund or disputed money: fee, net amount and the day it is available. */
export interface SettlementRecorded {
  /** The processor's balance transaction id. */
  settlementId: string;
  /** What was settled. */
  source: OpenWord<'capture' | 'refund' | 'dispute'>;
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
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payout of a connected account is on its way to the bank. */
export interface PayoutReported {
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  /** When the bank is to have it; as the other reports tell it too. */
  arrivesOn: string;
  /** `nothing`, unless it was reported before. */
  booked: 'nothing' | 'in_transit' | 'paid';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payout has arrived. It can still fail later: see PayoutFailed. */
export interface PayoutPaid {
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  arrivesOn: string;
  /** What the ledger held for it before this event. */
  booked: 'nothing' | 'in_transit' | 'paid';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A payout failed or was canceled, even after it was paid; `reverses` says what to take back. */
export interface PayoutFailed {
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  /** `canceled` where it was called back before it left. */
  code: string;
  /** Minor units of `currency`, or of the payment where there is none. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  arrivesOn: string;
  /** What the failure takes back in the ledger. */
  reverses: 'nothing' | 'in_transit' | 'paid';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** An account at the processor was linked to the tenant. */
export interface ConnectedAccountLinked {
  connectedAccountId: string;
  processorAccountId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** How a connected account stands: what it may do, and what the processor still wants. */
export interface ConnectedAccountReported {
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  /** The processor's words for what it still wants. Sorted. */
  requirementsDue: readonly string[];
  disabledReason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Something has changed about a connected account; this service looks how it stands. */
export interface ConnectedAccountLookupRequested {
  lookupId: string;
  processorAccountId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** A page was made on which one payer pays, or saves a payment method. */
export interface CheckoutSessionCreated {
  checkoutSessionId: string;
  mode: 'payment' | 'setup';
  customerId: string;
  /** What is paid. Only of `payment`. */
  paymentId?: string;
  methodKinds: readonly OpenWord<'card' | 'us_bank_account'>[];
  /** Sealed text: where the payer goes on afterwards. The caller's own addresses, which may hold personal data. */
  returns?: string;
  expiresAt: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The payer has presented a payment method to save. `setupIntentId` names the setup. */
export interface CheckoutSessionSetupStarted {
  setupIntentId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The page was closed before its time. */
export interface CheckoutSessionExpired {
  /** When it happened, as far as this service knows. */
  at: string;
}

/** There is room for the tenant: it may be named from here on. */
export interface TenantAdded {
  tenantId: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** From here on the tenant reads but cannot write. What it asked for before is carried out. */
export interface TenantSuspended {
  tenantId: string;
  /** A ticket or a code, in the form of `reasonForm`; no personal data. */
  reason: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** The tenant may write again. */
export interface TenantReinstated {
  tenantId: string;
  /** A ticket or a code, in the form of `reasonForm`; no personal data. */
  reason: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Somebody was turned away. What repeats within a minute is told once, with a count. */
export interface AccessDenied {
  channel: OpenWord<'http' | 'kafka' | 'webhook' | 'cli'>;
  /** What was asked for: the name of an action, or `unknown`. */
  action: string;
  /** Why: the stable code that the caller was answered with, or the reason for which its certificate was refused. */
  code: string;
  /** Absent where nothing about the caller was proved. */
  caller?: {
    /** Of an operator's tool: the person who is logged in on that machine. */
    kind: OpenWord<'person' | 'service'>;
    /** The issuer's id of the caller, a service's name or SPIFFE id, or `operator:` and the login; at most 200 characters. */
    subject: string;
    roles?: readonly string[];
    /** The service that acted for the person (`act.sub` of RFC 8693). */
    actingParty?: string;
  };
  origin: {
    /** The caller's network: the first 24 bits of an IPv4 address, 48 of an IPv6 one. */
    network?: string;
    /** The SPIFFE id of the client certificate. */
    spiffeId?: string;
    /** Of HTTP: names the request in our logs. */
    requestId?: string;
    /** Of an operator's tool: the name of the machine that it ran on. */
    host?: string;
  };
  /** The tenant that the caller named, where it is another than the one whose log this is. */
  namedTenantId?: string;
  /** Of a record of several that did not all name the same one: the first ten tenants that they named. */
  namedTenantIds?: readonly string[];
  /** How many there were since `firstAt`, this one included. */
  count: number;
  firstAt: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** Somebody was let do what takes a privilege. It is told before it is done; what came of it, other events tell. */
export interface PrivilegedAccessGranted {
  channel: OpenWord<'http' | 'kafka' | 'webhook' | 'cli'>;
  action: string;
  caller: {
    /** Of an operator's tool: the person who is logged in on that machine. */
    kind: OpenWord<'person' | 'service'>;
    /** The issuer's id of the caller, a service's name or SPIFFE id, or `operator:` and the login; at most 200 characters. */
    subject: string;
    roles?: readonly string[];
    /** The service that acted for the person (`act.sub` of RFC 8693). */
    actingParty?: string;
  };
  origin: {
    /** The caller's network: the first 24 bits of an IPv4 address, 48 of an IPv6 one. */
    network?: string;
    /** The SPIFFE id of the client certificate. */
    spiffeId?: string;
    /** Of HTTP: names the request in our logs. */
    requestId?: string;
    /** Of an operator's tool: the name of the machine that it ran on. */
    host?: string;
  };
  /** The scope or right that the caller had for it, such as `billing:admin`. */
  grant: string;
  /** What it is done to: the id in the path or the command's subject. */
  resource?: string;
  /** Why, in the caller's words: a ticket or a code, in the form of `reasonForm`. */
  reason?: string;
  /** When it happened, as far as this service knows. */
  at: string;
}

/** From here on this key signs the audit log as well. */
export interface AuditKeyIntroduced {
  /** The key's name in notes, which is the origin of the log. */
  name: string;
  /** Our name for it at the key management. */
  keyName: string;
  /** The public key, as https://c2sp.org/signed-note writes it. */
  vkey: string;
  algorithm: 'ed25519' | 'ecdsa-p256';
  /** When it happened, as far as this service knows. */
  at: string;
}

/** From here on this key signs the audit log no more; what it signed stays good. */
export interface AuditKeyRetired {
  vkey: string;
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
  CustomerDeletedAtProcessor: CustomerDeletedAtProcessor;
  FinancialAccountReported: FinancialAccountReported;
  CustomerDefaultPaymentMethodSet: CustomerDefaultPaymentMethodSet;
  CustomerDefaultPaymentMethodCleared: CustomerDefaultPaymentMethodCleared;
  PaymentMethodAttachRequested: PaymentMethodAttachRequested;
  PaymentMethodAttached: PaymentMethodAttached;
  PaymentMethodAttachFailed: PaymentMethodAttachFailed;
  PaymentMethodDetachRequested: PaymentMethodDetachRequested;
  PaymentMethodDetached: PaymentMethodDetached;
  PaymentMethodDetachFailed: PaymentMethodDetachFailed;
  PaymentMethodUpdated: PaymentMethodUpdated;
  PaymentMethodLookupRequested: PaymentMethodLookupRequested;
  MandateReported: MandateReported;
  PaymentMethodExpiring: PaymentMethodExpiring;
  SetupIntentRequested: SetupIntentRequested;
  SetupIntentCreated: SetupIntentCreated;
  SetupIntentActionRequired: SetupIntentActionRequired;
  SetupIntentProcessing: SetupIntentProcessing;
  SetupIntentSucceeded: SetupIntentSucceeded;
  SetupIntentFailed: SetupIntentFailed;
  SetupIntentCanceled: SetupIntentCanceled;
  SetupIntentLookupRequested: SetupIntentLookupRequested;
  PaymentCreated: PaymentCreated;
  ConfirmationTokenPresented: ConfirmationTokenPresented;
  ConfirmationTokenInspected: ConfirmationTokenInspected;
  ConfirmationTokenRefused: ConfirmationTokenRefused;
  PaymentRequested: PaymentRequested;
  PaymentActionRequired: PaymentActionRequired;
  PaymentActionFinished: PaymentActionFinished;
  PaymentActionStillRequired: PaymentActionStillRequired;
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
  DisputeReported: DisputeReported;
  DisputeOpened: DisputeOpened;
  DisputeFundsMoved: DisputeFundsMoved;
  DisputeClosed: DisputeClosed;
  DisputeEvidenceRequested: DisputeEvidenceRequested;
  DisputeEvidenceSubmitted: DisputeEvidenceSubmitted;
  DisputeEvidenceFailed: DisputeEvidenceFailed;
  ProcessorReviewReported: ProcessorReviewReported;
  FraudWarningReceived: FraudWarningReceived;
  PaymentLookupRequested: PaymentLookupRequested;
  SettlementRecorded: SettlementRecorded;
  PayoutReported: PayoutReported;
  PayoutPaid: PayoutPaid;
  PayoutFailed: PayoutFailed;
  ConnectedAccountLinked: ConnectedAccountLinked;
  ConnectedAccountReported: ConnectedAccountReported;
  ConnectedAccountLookupRequested: ConnectedAccountLookupRequested;
  CheckoutSessionCreated: CheckoutSessionCreated;
  CheckoutSessionSetupStarted: CheckoutSessionSetupStarted;
  CheckoutSessionExpired: CheckoutSessionExpired;
  TenantAdded: TenantAdded;
  TenantSuspended: TenantSuspended;
  TenantReinstated: TenantReinstated;
  AccessDenied: AccessDenied;
  PrivilegedAccessGranted: PrivilegedAccessGranted;
  AuditKeyIntroduced: AuditKeyIntroduced;
  AuditKeyRetired: AuditKeyRetired;
  DriftDetected: DriftDetected;
}
