/** Names and fields are a storage format: add optional fields, never rename. A processor token never enters an event. */

export type PaymentMethodKind = 'card' | 'us_bank_account';

export interface PaymentMethodAttachRequested {
  type: 'PaymentMethodAttachRequested';
  paymentMethodId: string;
  customerId: string;
  kind: PaymentMethodKind;
  at: string;
}

export interface PaymentMethodAttached {
  type: 'PaymentMethodAttached';
  /** Sealed text: brand, last four digits, expiry. */
  details: string;
  at: string;
}

export interface PaymentMethodAttachFailed {
  type: 'PaymentMethodAttachFailed';
  code: string;
  declineCode?: string;
  at: string;
}

/** It was taken from its customer at the processor and cannot be charged or attached again. */
export interface PaymentMethodDetached {
  type: 'PaymentMethodDetached';
  at: string;
}

/** The bank has issued the card anew. */
export interface PaymentMethodUpdated {
  type: 'PaymentMethodUpdated';
  /** Sealed text: brand, last four digits, expiry. */
  details: string;
  at: string;
}

/** Something was heard of it that does not say enough, or nothing that may be kept in clear: the gateway is to look. */
export interface PaymentMethodLookupRequested {
  type: 'PaymentMethodLookupRequested';
  lookupId: string;
  /** What was heard: a stable word such as `updated`. */
  reason: string;
  at: string;
}

/** How the payer's permission for bank debits stands. */
export interface MandateReported {
  type: 'MandateReported';
  processorMandateId: string;
  status: 'active' | 'inactive' | 'pending';
  at: string;
}

export type PaymentMethodEvent =
  | PaymentMethodAttachRequested
  | PaymentMethodAttached
  | PaymentMethodAttachFailed
  | PaymentMethodDetached
  | PaymentMethodUpdated
  | PaymentMethodLookupRequested
  | MandateReported;
