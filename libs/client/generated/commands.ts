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

/** Chooses which payment method the customer in `ce_subject` is offered first. */
export interface SetDefaultPaymentMethodBody {
  /** One of the customer's own that is attached. */
  paymentMethodId: string;
}

/** Attaches a payment method to the customer in `ce_subject`, by the processor's token. */
export interface AttachPaymentMethodBody {
  type: 'card' | 'us_bank_account';
  /** The processor's token for the card or account, made in the payer's browser. Never a card number. */
  processorToken: string;
}

/** Takes the payment method in `ce_subject` from its customer, for good. */
export interface DetachPaymentMethodBody {
  reason?: 'requested_by_customer' | 'replaced' | 'lost_or_stolen' | 'fraudulent';
}

/** Sets a payment method up for a customer, without a charge. */
export interface CreateSetupIntentBody {
  customerId: string;
  /** What the payer may choose from; all of them unless said. */
  paymentMethodTypes?: readonly ('card' | 'us_bank_account')[];
  /** Whether the payer will be there when it is charged. */
  usage?: 'on_session' | 'off_session';
  /** What the processor's form made of the payer's choice, in their browser: then it is confirmed at once. Never a card number. */
  confirmationToken?: string;
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
  /** What the processor's form made of the payer's choice, in their browser, for this payment alone; instead of a payment method. Never a card number. */
  confirmationToken?: string;
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

/** Sends evidence about the dispute in `ce_subject` to the processor and, unless it is only staged, to the bank, which is final. */
export interface SubmitDisputeEvidenceBody {
  /** Added to what was staged before; a field again replaces it. `{}` with `submit` submits what is staged. */
  evidence: {
    /** Logs that show that the customer used what was bought. */
    accessActivityLog?: string;
    /** The customer's billing address. */
    billingAddress?: string;
    /** Id of a file at the processor: the cancellation policy, as it was shown. */
    cancellationPolicy?: string;
    /** How and when the cancellation policy was shown. */
    cancellationPolicyDisclosure?: string;
    /** Why the subscription was not canceled. */
    cancellationRebuttal?: string;
    /** Id of a file at the processor: what the customer wrote. */
    customerCommunication?: string;
    /** The customer's email address. */
    customerEmailAddress?: string;
    /** The customer's name. */
    customerName?: string;
    /** The IP address that the customer bought from. */
    customerPurchaseIp?: string;
    /** Id of a file at the processor: a document with the signature of the customer. */
    customerSignature?: string;
    /** Id of a file at the processor: what tells the earlier charge from this one. */
    duplicateChargeDocumentation?: string;
    /** How the earlier charge differs from this one. */
    duplicateChargeExplanation?: string;
    /** The processor's id of the earlier charge. */
    duplicateChargeId?: string;
    /** What was sold. */
    productDescription?: string;
    /** Id of a file at the processor: the receipt that the customer was sent. */
    receipt?: string;
    /** Id of a file at the processor: the refund policy, as it was shown. */
    refundPolicy?: string;
    /** How and when the refund policy was shown. */
    refundPolicyDisclosure?: string;
    /** Why no refund is due. */
    refundRefusalExplanation?: string;
    /** When the service was given, readable by people. */
    serviceDate?: string;
    /** Id of a file at the processor: proof that the service was given. */
    serviceDocumentation?: string;
    /** Where it was sent. */
    shippingAddress?: string;
    /** Who carried it; several with commas between them. */
    shippingCarrier?: string;
    /** When it was sent, readable by people. */
    shippingDate?: string;
    /** Id of a file at the processor: proof that it was sent. */
    shippingDocumentation?: string;
    /** Its tracking number; several with commas between them. */
    shippingTrackingNumber?: string;
    /** Id of a file at the processor: anything else. */
    uncategorizedFile?: string;
    /** Anything else. */
    uncategorizedText?: string;
  };
  /** Whether all of it goes to the bank now, which is final. `false` stages it at the processor. */
  submit?: boolean;
}

/** The body of a command, by its type. */
export interface CommandBodies {
  CreateCustomer: CreateCustomerBody;
  SetDefaultPaymentMethod: SetDefaultPaymentMethodBody;
  AttachPaymentMethod: AttachPaymentMethodBody;
  DetachPaymentMethod: DetachPaymentMethodBody;
  CreateSetupIntent: CreateSetupIntentBody;
  CreatePayment: CreatePaymentBody;
  ConfirmPayment: ConfirmPaymentBody;
  CapturePayment: CapturePaymentBody;
  CancelPayment: CancelPaymentBody;
  RefundPayment: RefundPaymentBody;
  SubmitDisputeEvidence: SubmitDisputeEvidenceBody;
}
