/**
 * The events of a checkout session: a page on which one payer pays once, or leaves a payment method. Names and fields are a storage
 * format: add optional fields, never rename. Times are RFC 3339. What was paid is told by the payment, and what was set up by the setup.
 */

export type CheckoutMode = 'payment' | 'setup';
export type CheckoutMethodKind = 'card' | 'us_bank_account';

export interface CheckoutSessionCreated {
  type: 'CheckoutSessionCreated';
  checkoutSessionId: string;
  mode: CheckoutMode;
  customerId: string;
  /** What is paid. Only of `payment`. */
  paymentId?: string;
  methodKinds: readonly CheckoutMethodKind[];
  /** Sealed text: where the payer goes on afterwards. The caller's own addresses, which may hold personal data. */
  returns?: string;
  expiresAt: string;
  at: string;
}

/** The payer has presented a payment method: the setup that takes it in. The newest one counts. */
export interface CheckoutSessionSetupStarted {
  type: 'CheckoutSessionSetupStarted';
  setupIntentId: string;
  at: string;
}

/** Somebody has closed it before its time. */
export interface CheckoutSessionExpired {
  type: 'CheckoutSessionExpired';
  at: string;
}

export type CheckoutSessionEvent = CheckoutSessionCreated | CheckoutSessionSetupStarted | CheckoutSessionExpired;
