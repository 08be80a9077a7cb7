import type { ProcessorEventHead } from './news.js';
import type {
  Claim,
  ProcessorAccount,
  ProcessorDispute,
  ProcessorPayment,
  ProcessorPayout,
  ProcessorRefund,
  ProcessorSettlement,
} from './objects.js';

/**
 * The port to a payment processor: one method for each operation, and look-ups for what is not known. Amounts are integers of
 * the minor unit of `currency` (lower-case ISO 4217), times RFC 3339. Every object that a call makes carries our tenant id and
 * our id of it as metadata. An operation is sent under the caller's idempotency key, once: nothing in here retries.
 */

export interface Succeeded<V> {
  outcome: 'succeeded';
  value: V;
}

/** Executed, and the bank or the network said no. */
export interface Declined {
  outcome: 'declined';
  code: string;
  declineCode?: string;
  processorPaymentId?: string;
}

/** Executed, and refused by a rule of the processor (4xx). Ends the attempt: the same request will never do better. */
export interface Rejected {
  outcome: 'rejected';
  code: string;
  /** The payment as it stands, where the processor showed it with the refusal. */
  payment?: ProcessorPayment;
}

/** An operation resolves with one of these, or rejects with ProcessorUnavailable or OutcomeUnknown. */
export type Outcome<V> = Succeeded<V> | Declined | Rejected;

/** What listing found: the object, nothing although everything was listed, or nothing in the part that could be listed. */
export type Found<V> = { found: V } | 'absent' | 'inconclusive';

export interface Address {
  line1?: string;
  line2?: string;
  city?: string;
  state?: string;
  postalCode?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
}

export interface CreateCustomer {
  tenantId: string;
  customerId: string;
  email?: string;
  name?: string;
  address?: Address;
}

export interface RegisteredCustomer {
  processorCustomerId: string;
}

export type MethodKind = 'card' | 'us_bank_account';

export interface AttachPaymentMethod {
  tenantId: string;
  paymentMethodId: string;
  processorCustomerId: string;
  /** What the client was given by the processor's own form. A secret: never logged. */
  token: string;
}

/** What a person recognises a payment method by. Personal data: sealed before it is stored. */
export type MethodDetails =
  | {
      kind: 'card';
      brand: string;
      last4: string;
      expMonth: number;
      expYear: number;
      funding?: string;
      country?: string;
      /** The processor's word for the same card wherever it comes up. */
      fingerprint?: string;
    }
  | { kind: 'us_bank_account'; bankName: string; last4: string; fingerprint?: string }
  | { kind: 'other'; type: string };

export interface ProcessorMethod {
  /** Charges name it. A secret: never logged, never in an event. */
  token: string;
  /** The processor's customer it is attached to, if any. */
  processorCustomerId?: string;
  details: MethodDetails;
}

export interface RequestPayment {
  tenantId: string;
  paymentId: string;
  attempt: number;
  amount: number;
  currency: string;
  captureMethod: 'automatic' | 'manual';
  processorCustomerId: string;
  methodKind: MethodKind;
  /** Of a payment method, or of a confirmation token (`ctoken_...`) that the payer's browser made for this payment alone. */
  token: string;
}

/** What a payer put into the processor's own form, before it is used. */
export interface ProcessorConfirmationToken {
  details: MethodDetails;
  /** The processor's word for the same card or account wherever it comes up. Personal data: only a keyed digest leaves the gateway. */
  fingerprint?: string;
}

export interface RequestSetup {
  tenantId: string;
  setupIntentId: string;
  processorCustomerId: string;
  methodKinds: readonly MethodKind[];
  /** Whether the payer will be there when it is charged. */
  usage: 'on_session' | 'off_session';
  /** A confirmation token: then it is confirmed in the same call. Without it the payer's browser confirms it. */
  confirmationToken?: string;
}

export type ProcessorSetupState =
  /** The payer has yet to give a payment method. */
  | { status: 'method_required'; clientSecret?: string; failure?: { code: string; declineCode?: string } }
  | { status: 'action_required'; action: string; clientSecret?: string }
  | { status: 'processing' }
  /** `mandate`: the processor's id of the payer's permission for bank debits. */
  | { status: 'succeeded'; method: ProcessorMethod; mandate?: string }
  | { status: 'canceled' };

export type ProcessorSetup = ProcessorSetupState & { processorSetupIntentId: string; claim: Claim };

/** What a key of the processor turned out to be, and what of our work it cannot do. */
export interface KeyStanding {
  /** The processor's id of the account that it is of. */
  account: string;
  livemode: boolean;
  restricted: boolean;
  /** What the gateway needs and this key may not do, such as `refunds.write`. */
  missing: readonly string[];
}

export interface CapturePayment {
  tenantId: string;
  paymentId: string;
  captureId: string;
  processorPaymentId: string;
  amount: number;
  /** False leaves the rest to be captured later; only where the authorization says `multicapture`. */
  final: boolean;
}

export interface CancelPayment {
  processorPaymentId: string;
  reason?: string;
}

export interface RefundPayment {
  tenantId: string;
  paymentId: string;
  refundId: string;
  processorPaymentId: string;
  amount: number;
  reason?: string;
}

/** When the object can have been made, both ends included. */
export interface CreatedWithin {
  from: Date;
  to: Date;
}

/** All that the processor holds about one payment: what a look at it after the fact needs. */
export interface PaymentStanding {
  payment: ProcessorPayment;
  claim: Claim;
  refunds: readonly { refund: ProcessorRefund; claim: Claim }[];
  disputes: readonly ProcessorDispute[];
}

export interface SubmitEvidence {
  processorDisputeId: string;
  /** Fields of the processor's evidence, such as `uncategorized_text`. */
  evidence: Readonly<Record<string, string>>;
  /** False stages it; true submits it to the bank, which is final. */
  submit: boolean;
}

export interface ProcessorBalance {
  currency: string;
  available: number;
  pending: number;
}

/** An event as the processor lists it, to be sealed and taken in as if it had been delivered. A secret until sealed. */
export interface ListedEvent {
  head: ProcessorEventHead;
  body: string;
}

export interface Processor {
  createCustomer(request: CreateCustomer, idempotencyKey: string): Promise<Outcome<RegisteredCustomer>>;
  attachPaymentMethod(request: AttachPaymentMethod, idempotencyKey: string): Promise<Outcome<ProcessorMethod>>;
  /** Takes a payment method from its customer; one that is taken already is a success. */
  detachPaymentMethod(request: { token: string }, idempotencyKey: string): Promise<Outcome<ProcessorMethod>>;
  /** What a confirmation token holds; undefined where the processor knows none such, or not any more. */
  retrieveConfirmationToken(token: string): Promise<ProcessorConfirmationToken | undefined>;
  /** Makes a setup, and confirms it where a confirmation token comes with it. */
  requestSetup(request: RequestSetup, idempotencyKey: string): Promise<Outcome<ProcessorSetup>>;
  /** The setup as it stands; undefined where the processor knows no such id. */
  retrieveSetup(processorSetupIntentId: string): Promise<ProcessorSetup | undefined>;
  /** Ends a setup that has not succeeded: nobody can confirm it any more. */
  cancelSetup(processorSetupIntentId: string, idempotencyKey: string): Promise<Outcome<ProcessorSetup>>;
  /** By listing the customer's setups made within the window. */
  findSetup(
    wanted: Pick<RequestSetup, 'tenantId' | 'setupIntentId' | 'processorCustomerId'>,
    created: CreatedWithin,
  ): Promise<Found<ProcessorSetup>>;

  /** Makes and confirms the payment in one call. One with a confirmation token can be confirmed by nobody but us. */
  requestPayment(request: RequestPayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>>;
  /** Confirms a payment again whose payer has done what was asked of them. */
  confirmPayment(processorPaymentId: string, idempotencyKey: string): Promise<Outcome<ProcessorPayment>>;
  capturePayment(request: CapturePayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>>;
  cancelPayment(request: CancelPayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>>;
  refundPayment(request: RefundPayment, idempotencyKey: string): Promise<Outcome<ProcessorRefund>>;
  /** The balance transaction of a refund; undefined while there is none. Those of captures come with their payment. */
  fetchRefundSettlement(processorRefundId: string): Promise<ProcessorSettlement | undefined>;

  /** The payment as it stands, with its `settlements`; undefined where the processor knows no such id. */
  retrievePayment(processorPaymentId: string): Promise<ProcessorPayment | undefined>;
  /** The payment method as it stands; undefined where the processor knows no such id. */
  retrievePaymentMethod(token: string): Promise<ProcessorMethod | undefined>;
  /** The payment with everything about it; undefined where the processor knows no such id. */
  retrieveStanding(processorPaymentId: string): Promise<PaymentStanding | undefined>;
  /** A connected account; undefined where the processor knows no such id. */
  retrieveAccount(processorAccountId: string): Promise<ProcessorAccount | undefined>;
  /** Adds evidence to a dispute. */
  submitEvidence(request: SubmitEvidence, idempotencyKey: string): Promise<Outcome<ProcessorDispute>>;

  /** The ids of the payments made within the window, newest first, with whom they say they belong to. */
  listPayments(created: CreatedWithin): AsyncIterable<{ processorPaymentId: string; claim: Claim }>;
  /** The payouts made within the window, also those below 0, debits of the bank account; of a connected account where one is named. */
  listPayouts(created: CreatedWithin, account?: string): AsyncIterable<{ payout: ProcessorPayout; claim: Claim }>;
  /** The refunds made within the window: their payments may be older. */
  listRefunds(
    created: CreatedWithin,
  ): AsyncIterable<{ processorRefundId: string; processorPaymentId: string | undefined }>;
  /** The disputes made within the window: their payments may be older. */
  listDisputes(
    created: CreatedWithin,
  ): AsyncIterable<{ processorDisputeId: string; processorPaymentId: string | undefined }>;
  /** The events made within the window, newest first; the processor keeps them for 30 days. */
  listEvents(created: CreatedWithin, account?: string): AsyncIterable<ListedEvent>;
  /** The platform's balance, by currency. */
  fetchBalance(): Promise<ProcessorBalance[]>;

  /** By listing customers made within the window. */
  findCustomer(
    wanted: Pick<CreateCustomer, 'tenantId' | 'customerId' | 'email'>,
    created: CreatedWithin,
  ): Promise<Found<RegisteredCustomer>>;
  /** By listing the customer's payment methods. */
  findPaymentMethod(wanted: Omit<AttachPaymentMethod, 'token'>): Promise<Found<ProcessorMethod>>;
  /** By listing the customer's payments made within the window. */
  findPayment(
    wanted: Pick<RequestPayment, 'tenantId' | 'paymentId' | 'attempt' | 'processorCustomerId'>,
    created: CreatedWithin,
  ): Promise<Found<ProcessorPayment>>;
  /** By listing the payment's refunds. */
  findRefund(
    wanted: Pick<RefundPayment, 'tenantId' | 'refundId' | 'processorPaymentId'>,
  ): Promise<Found<ProcessorRefund>>;
}
