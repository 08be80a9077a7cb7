import type { PaymentMethodKind } from '../payment-method/index.js';

/** Names and fields are a storage format: add optional fields, never rename. No token and no client secret enters an event. */

/** Whether the payer will be there when it is charged. */
export type SetupUsage = 'on_session' | 'off_session';

export interface SetupIntentRequested {
  type: 'SetupIntentRequested';
  setupIntentId: string;
  customerId: string;
  /** Ours, of the payment method that comes of it once it has succeeded. */
  paymentMethodId: string;
  /** What the payer may choose from. */
  methodKinds: readonly PaymentMethodKind[];
  usage: SetupUsage;
  /** Where the payer has filled in the processor's form already: a sealed row holds the token under this id. */
  confirmationId?: string;
  /** Of a checkout page, on which each attempt is a setup of its own: one that is refused is canceled at the processor at once. */
  checkoutSessionId?: string;
  at: string;
}

/** The processor has it, and the payer has yet to give a payment method. */
export interface SetupIntentCreated {
  type: 'SetupIntentCreated';
  processorSetupIntentId: string;
  at: string;
}

/** The payer has to do something, such as to prove to the bank who they are. */
export interface SetupIntentActionRequired {
  type: 'SetupIntentActionRequired';
  processorSetupIntentId: string;
  action: string;
  at: string;
}

export interface SetupIntentProcessing {
  type: 'SetupIntentProcessing';
  processorSetupIntentId: string;
  at: string;
}

/** The payment method is the customer's. Its own stream tells of it from here on. */
export interface SetupIntentSucceeded {
  type: 'SetupIntentSucceeded';
  processorSetupIntentId: string;
  methodKind: PaymentMethodKind;
  /** The processor's id of the payer's permission for bank debits. */
  mandate?: string;
  at: string;
}

/** An attempt was refused, by a bank or by the processor. */
export interface SetupIntentFailed {
  type: 'SetupIntentFailed';
  code: string;
  declineCode?: string;
  /** Absent where the processor did not even make it: then nobody can try it again. */
  processorSetupIntentId?: string;
  at: string;
}

export interface SetupIntentCanceled {
  type: 'SetupIntentCanceled';
  processorSetupIntentId?: string;
  at: string;
}

/** Something was heard of it: the gateway is to look. */
export interface SetupIntentLookupRequested {
  type: 'SetupIntentLookupRequested';
  lookupId: string;
  processorSetupIntentId: string;
  /** What was heard: a stable word such as `succeeded`. */
  reason: string;
  at: string;
}

export type SetupIntentEvent =
  | SetupIntentRequested
  | SetupIntentCreated
  | SetupIntentActionRequired
  | SetupIntentProcessing
  | SetupIntentSucceeded
  | SetupIntentFailed
  | SetupIntentCanceled
  | SetupIntentLookupRequested;
