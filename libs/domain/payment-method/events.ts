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
  /** Sealed text: brand, last four digits, expiry, fingerprint. */
  details: string;
  at: string;
}

export interface PaymentMethodAttachFailed {
  type: 'PaymentMethodAttachFailed';
  code: string;
  declineCode?: string;
  at: string;
}

/** It is to be taken from its customer. */
export interface PaymentMethodDetachRequested {
  type: 'PaymentMethodDetachRequested';
  detachId: string;
  /** A word of ours, such as `replaced`. */
  reason?: string;
  at: string;
}

/** The processor refused to take it from its customer: it can be charged as before. */
export interface PaymentMethodDetachFailed {
  type: 'PaymentMethodDetachFailed';
  detachId: string;
  code: string;
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
  /** Sealed text: brand, last four digits, expiry, fingerprint. */
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

/** The card ends within thirty days, or has ended, and its payer may be asked for another. Once for each date. */
export interface PaymentMethodExpiring {
  type: 'PaymentMethodExpiring';
  /** The last month in which it can be charged, as `YYYY-MM`. */
  expiresOn: string;
  at: string;
}

export type PaymentMethodEvent =
  | PaymentMethodAttachRequested
  | PaymentMethodAttached
  | PaymentMethodAttachFailed
  | PaymentMethodDetachRequested
  | PaymentMethodDetachFailed
  | PaymentMethodDetached
  | PaymentMethodUpdated
  | PaymentMethodLookupRequested
  | MandateReported
  | PaymentMethodExpiring;
