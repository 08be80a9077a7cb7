import type { PaymentMethodKind } from '../payment-method/index.js';
import type { SetupUsage } from './events.js';

/** Time and ids come with the command. A confirmation token stays outside: it lies in a sealed row under `confirmationId`. */
export interface CreateSetupIntent {
  type: 'CreateSetupIntent';
  setupIntentId: string;
  customerId: string;
  paymentMethodId: string;
  /** One at least. */
  methodKinds: readonly PaymentMethodKind[];
  usage: SetupUsage;
  confirmationId?: string;
  /** Of a checkout page. */
  checkoutSessionId?: string;
  at: string;
}

/** Fact: the processor has it, and waits for the payer. */
export interface RecordSetupIntentCreated {
  type: 'RecordSetupIntentCreated';
  processorSetupIntentId: string;
  at: string;
}

/** Fact: the payer has to do something. */
export interface RecordSetupIntentAction {
  type: 'RecordSetupIntentAction';
  processorSetupIntentId: string;
  action: string;
  at: string;
}

/** Fact: the processor is at it. */
export interface RecordSetupIntentProcessing {
  type: 'RecordSetupIntentProcessing';
  processorSetupIntentId: string;
  at: string;
}

/** Fact: the payment method is the customer's. */
export interface RecordSetupIntentSuccess {
  type: 'RecordSetupIntentSuccess';
  processorSetupIntentId: string;
  methodKind: PaymentMethodKind;
  mandate?: string;
  at: string;
}

/** Fact: an attempt was refused. */
export interface RecordSetupIntentFailure {
  type: 'RecordSetupIntentFailure';
  code: string;
  declineCode?: string;
  processorSetupIntentId?: string;
  at: string;
}

/** Fact: nobody can complete it any more. */
export interface RecordSetupIntentCancellation {
  type: 'RecordSetupIntentCancellation';
  processorSetupIntentId?: string;
  at: string;
}

/** Asks the gateway to look. Not a fact, but nobody can refuse it either. */
export interface RequestSetupIntentLookup {
  type: 'RequestSetupIntentLookup';
  lookupId: string;
  processorSetupIntentId: string;
  reason: string;
  at: string;
}

export type SetupIntentFact =
  | RecordSetupIntentCreated
  | RecordSetupIntentAction
  | RecordSetupIntentProcessing
  | RecordSetupIntentSuccess
  | RecordSetupIntentFailure
  | RecordSetupIntentCancellation
  | RequestSetupIntentLookup;

export type SetupIntentCommand = CreateSetupIntent | SetupIntentFact;
