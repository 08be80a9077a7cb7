/**
 * What the sandbox keeps of each object: the facts, without the many properties that are the same in every answer.
 * `resources/` turns a record into the object of the API. Times are Unix seconds, amounts minor units of `currency`.
 */
import type { ErrorDetails } from '../wire/errors.js';
import type { Address, Shipping } from '../wire/params.js';
import type { Metadata, RecordBase } from './record-base.js';
import type { AccountRecord, PayoutRecord, TransferRecord } from './account-records.js';
import type { DisputeRecord, EarlyFraudWarningRecord, ReviewRecord } from './dispute-records.js';

export type { Metadata } from './record-base.js';

export interface CustomerRecord extends RecordBase {
  metadata: Metadata;
  balance?: number;
  email?: string;
  name?: string;
  business_name?: string;
  individual_name?: string;
  description?: string;
  phone?: string;
  address?: Address;
  shipping?: Shipping;
  preferred_locales?: string[];
  tax_exempt?: string;
  invoice_prefix?: string;
  next_invoice_sequence?: number;
  default_payment_method?: string;
  footer?: string;
  deleted?: true;
}

export interface BillingDetails {
  address?: Address | null | undefined;
  email?: string | null | undefined;
  name?: string | null | undefined;
  phone?: string | null | undefined;
  tax_id?: string | undefined;
}

export interface PaymentMethodRecord extends RecordBase {
  type: 'card' | 'us_bank_account';
  /** Its name in the table of test cards; for a bank account, of test accounts. */
  test: string;
  metadata: Metadata;
  exp_month?: number;
  exp_year?: number;
  customer?: string;
  billing_details?: BillingDetails;
  allow_redisplay?: string;
  account_holder_type?: string;
  account_type?: string;
  /** Where the customer chose it with Financial Connections. */
  financial_connections_account?: string;
  /** Authenticated for off-session use. */
  set_up?: true;
  /** Used without a customer, or detached: never to be used again. */
  spent?: true;
}

/** What a customer put into the payment form. Of a card there is its name in the table of test cards, and never its number. */
export interface ConfirmationTokenRecord extends RecordBase {
  expires_at: number;
  method: Omit<PaymentMethodRecord, 'id' | 'created' | 'account' | 'metadata' | 'set_up' | 'spent'>;
  /** One that was there before: then no new one is made. */
  payment_method?: string;
  return_url?: string;
  setup_future_usage?: string;
  shipping?: Shipping;
  /** Made by Stripe.js, which handles what is to be done next. */
  use_stripe_sdk?: true;
  /** What it was used for. */
  payment_intent?: string;
  setup_intent?: string;
}

export type CaptureMethod = 'automatic' | 'automatic_async' | 'manual';

/** What stays of an attempt's error; answers show the payment method itself. */
export interface AttemptError {
  details: ErrorDetails;
  payment_method: string;
}

/** What intents to pay and intents to set up have in common. */
export interface IntentRecord extends RecordBase {
  metadata: Metadata;
  client_secret: string;
  status: string;
  customer?: string;
  description?: string;
  payment_method?: string;
  allowed_payment_method_types?: string[];
  excluded_payment_method_types?: string[];
  automatic_payment_methods?: { enabled: boolean; allow_redirects?: string };
  payment_method_options?: Record<string, unknown>;
  cancellation_reason?: string;
  /** Where the customer returns to after authentication; absent for the SDK's own way. */
  return_url?: string;
  /** The browser handles the authentication by itself, whether there is a return_url or not. */
  use_stripe_sdk?: boolean;
  last_error?: AttemptError;
}

export type PaymentIntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded';

export interface PaymentIntentRecord extends IntentRecord {
  status: PaymentIntentStatus;
  amount: number;
  currency: string;
  capture_method: CaptureMethod;
  amount_capturable?: number;
  amount_received?: number;
  confirmation_method?: 'manual';
  latest_charge?: string;
  /** Charges of attempts before the latest one, oldest first. */
  earlier_charges?: string[];
  canceled_at?: number;
  receipt_email?: string;
  setup_future_usage?: string;
  shipping?: Shipping;
  statement_descriptor?: string;
  statement_descriptor_suffix?: string;
  transfer_group?: string;
  payment_details?: Record<string, unknown>;
  amount_details?: Record<string, unknown>;
  off_session?: true;
  /** The customer has authenticated an intent that the server confirms (`confirmation_method=manual`). */
  authenticated?: true;
  review?: string;
}

export interface SetupIntentRecord extends IntentRecord {
  status: 'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'canceled' | 'succeeded';
  usage: string;
  attach_to_self?: boolean;
  /** The customer's word that a bank account may be debited. */
  mandate?: string;
  flow_directions?: string[];
}

export interface ChargeRecord extends RecordBase {
  status: 'succeeded' | 'pending' | 'failed';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  currency: string;
  captured: boolean;
  payment_intent: string;
  payment_method: string;
  metadata: Metadata;
  /** The card or account as it was, and what the network said. */
  method: Pick<PaymentMethodRecord, 'type' | 'test' | 'exp_month' | 'exp_year' | 'billing_details'>;
  authenticated?: true;
  multicapture?: true;
  capture_before?: number;
  customer?: string;
  description?: string;
  balance_transaction?: string;
  /** Of captures before the latest one, oldest first. */
  earlier_balance_transactions?: string[];
  failure?: { code: string; message: string; decline_code?: string; blocked?: true };
  receipt_email?: string;
  shipping?: Shipping;
  statement_descriptor?: string;
  statement_descriptor_suffix?: string;
  transfer_group?: string;
  fraud_user_report?: string;
  /** Oldest first; the second is of what the first left undisputed. */
  disputes?: string[];
  review?: string;
  early_fraud_warning?: string;
}

export interface RefundRecord extends RecordBase {
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  amount: number;
  currency: string;
  charge: string;
  payment_intent: string;
  payment_method: string;
  metadata: Metadata;
  /** Gives back what was authorized and never captured; it moves no money. */
  release?: true;
  customer?: string;
  reason?: string;
  balance_transaction?: string;
  failure_balance_transaction?: string;
  failure_reason?: string;
}

export interface BalanceTransactionRecord extends RecordBase {
  type:
    | 'charge'
    | 'payment'
    | 'refund'
    | 'payment_refund'
    | 'refund_failure'
    | 'adjustment'
    | 'transfer'
    | 'payout'
    | 'payout_failure'
    | 'payout_cancel';
  amount: number;
  currency: string;
  fee: number;
  available_on: number;
  source: string;
  description?: string;
}

export type * from './account-records.js';
export type * from './dispute-records.js';

export interface WebhookEndpointRecord extends RecordBase {
  url: string;
  /** What deliveries are signed with. */
  secret: string;
  /** Those before it, each good until `until_ms` while it is being replaced. */
  earlier_secrets?: { secret: string; until_ms: number }[];
  /** Types, `charge.*` for all that begin so, `*` for every type. */
  enabled_events: string[];
  /** Of connected accounts, and of no other. */
  connect?: true;
  description?: string;
  metadata: Metadata;
  disabled?: true;
  deleted?: true;
  /** Made of the sandbox's options, and gone when they no longer name it. */
  configured?: true;
}

export interface EventRecord extends RecordBase {
  type: string;
  /** The kind of `record`, which is the object as it was just after the change; `given` for one that a test made up. */
  kind: Kind | 'given';
  record: RecordOf[Kind] | GivenObject;
  previous_attributes?: Record<string, unknown>;
  request_id: string | null;
  idempotency_key: string | null;
}

/** An object of a kind that the sandbox does not keep, as the API would show it. */
export type GivenObject = Record<string, unknown>;

export interface RecordOf {
  customer: CustomerRecord;
  payment_method: PaymentMethodRecord;
  confirmation_token: ConfirmationTokenRecord;
  setup_intent: SetupIntentRecord;
  payment_intent: PaymentIntentRecord;
  charge: ChargeRecord;
  refund: RefundRecord;
  dispute: DisputeRecord;
  review: ReviewRecord;
  early_fraud_warning: EarlyFraudWarningRecord;
  account: AccountRecord;
  transfer: TransferRecord;
  payout: PayoutRecord;
  balance_transaction: BalanceTransactionRecord;
  webhook_endpoint: WebhookEndpointRecord;
  event: EventRecord;
}
export type Kind = keyof RecordOf;

/** How the ids of each kind begin. */
export const prefixes: Record<Kind, string> = {
  customer: 'cus_',
  payment_method: 'pm_',
  confirmation_token: 'ctoken_',
  setup_intent: 'seti_',
  payment_intent: 'pi_',
  charge: 'ch_',
  refund: 're_',
  dispute: 'du_',
  review: 'prv_',
  early_fraud_warning: 'issfr_',
  account: 'acct_',
  transfer: 'tr_',
  payout: 'po_',
  balance_transaction: 'txn_',
  webhook_endpoint: 'we_',
  event: 'evt_',
};

/** The kind of the object that `id` names, if it can be an id at all. */
export const kindOf = (id: string): Kind | undefined => {
  const prefix = id.slice(0, id.indexOf('_') + 1);
  for (const kind in prefixes) if (prefixes[kind as Kind] === prefix) return kind as Kind;
  return undefined;
};
