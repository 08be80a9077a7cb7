import type { PaymentMethodKind } from './events.js';

/** Time and ids come with the command. The processor token stays outside: it lies in a sealed row under this id. */
export interface AttachPaymentMethod {
  type: 'AttachPaymentMethod';
  paymentMethodId: string;
  customerId: string;
  kind: PaymentMethodKind;
  at: string;
}

/** Fact: the processor attached it. `details` is sealed text. */
export interface RecordPaymentMethodAttached {
  type: 'RecordPaymentMethodAttached';
  details: string;
  at: string;
}

/** Fact: the processor refused it, for instance a declined card. */
export interface RecordPaymentMethodAttachFailed {
  type: 'RecordPaymentMethodAttachFailed';
  code: string;
  declineCode?: string;
  at: string;
}

/** Asks for it to be taken from its customer. Payments that are under way go on. */
export interface DetachPaymentMethod {
  type: 'DetachPaymentMethod';
  detachId: string;
  reason?: string;
  at: string;
}

/** Fact: the processor refused to take it from its customer. */
export interface RecordPaymentMethodDetachFailed {
  type: 'RecordPaymentMethodDetachFailed';
  detachId: string;
  code: string;
  at: string;
}

/** Fact: the card ends soon. `expiresOn` is its last month, as `YYYY-MM`. */
export interface RecordPaymentMethodExpiring {
  type: 'RecordPaymentMethodExpiring';
  expiresOn: string;
  at: string;
}

/** Fact: it is nobody's any more. */
export interface RecordPaymentMethodDetached {
  type: 'RecordPaymentMethodDetached';
  at: string;
}

/** Fact: its details have changed. `details` is sealed text. */
export interface RecordPaymentMethodUpdated {
  type: 'RecordPaymentMethodUpdated';
  details: string;
  at: string;
}

/** Asks the gateway to look. Not a fact, but nobody can refuse it either. */
export interface RequestPaymentMethodLookup {
  type: 'RequestPaymentMethodLookup';
  lookupId: string;
  reason: string;
  at: string;
}

/** Fact: how a mandate stands. An inactive one stays so. */
export interface RecordMandate {
  type: 'RecordMandate';
  processorMandateId: string;
  status: 'active' | 'inactive' | 'pending';
  at: string;
}

export type PaymentMethodFact =
  | RecordPaymentMethodAttached
  | RecordPaymentMethodAttachFailed
  | RecordPaymentMethodDetachFailed
  | RecordPaymentMethodDetached
  | RecordPaymentMethodUpdated
  | RequestPaymentMethodLookup
  | RecordMandate
  | RecordPaymentMethodExpiring;

export type PaymentMethodCommand = AttachPaymentMethod | DetachPaymentMethod | PaymentMethodFact;
