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

export type PaymentMethodEvent = PaymentMethodAttachRequested | PaymentMethodAttached | PaymentMethodAttachFailed;
