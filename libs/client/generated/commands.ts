/* Made by `npm run contracts` from the schemas in docs/contracts. Do not edit. */

/** Creates a customer, or answers with the one that has this e-mail address already. */
export interface CreateCustomerBody {
  email: string;
  name?: string;
  address?: {
    line1?: string;
    line2?: string;
    city?: string;
    state?: string;
    postalCode?: string;
    /** ISO 3166-1 alpha-2. */
    country?: string;
  };
}

/** Attaches a payment method to the customer in `ce_subject`, by the processor's token. */
export interface AttachPaymentMethodBody {
  type: 'card' | 'us_bank_account';
  /** The processor's token for the card or account, made in the payer's browser. Never a card number. */
  processorToken: string;
}

/** Creates a payment and, given a payment method, charges it. */
export interface CreatePaymentBody {
  /** Minor units of `currency`. */
  amount: number;
  /** ISO 4217 code. */
  currency: string;
  customerId: string;
  /** Given: the charge is attempted at once. Left out: confirm it later. */
  paymentMethodId?: string;
  /** `manual` only authorizes; capture it later. */
  captureMethod?: 'automatic' | 'manual';
  /** Your own reference, to filter by. */
  orderId?: string;
}

/** Attempts the payment in `ce_subject`, for the first time or again after a failure. */
export interface ConfirmPaymentBody {
  /** Default: the last attempt's. */
  paymentMethodId?: string;
}

/** Captures the authorized payment in `ce_subject`, in full or in part. */
export interface CapturePaymentBody {
  /** Minor units. Default: all that is left of the authorization. */
  amount?: number;
  /** Whether this is the last capture; it then releases the rest. */
  final?: boolean;
}

/** Cancels the payment in `ce_subject`, which has taken nothing yet. */
export interface CancelPaymentBody {
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer' | 'abandoned';
}

/** Refunds the payment in `ce_subject`, in full or in part. Only on behalf of a person: `ce_onbehalfof` is an access token of theirs, with step-up. */
export interface RefundPaymentBody {
  /** Minor units. Default: all that is refundable. */
  amount?: number;
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
}

/** The body of a command, by its type. */
export interface CommandBodies {
  CreateCustomer: CreateCustomerBody;
  AttachPaymentMethod: AttachPaymentMethodBody;
  CreatePayment: CreatePaymentBody;
  ConfirmPayment: ConfirmPaymentBody;
  CapturePayment: CapturePaymentBody;
  CancelPayment: CancelPaymentBody;
  RefundPayment: RefundPaymentBody;
}
