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

export type PaymentMethodCommand = AttachPaymentMethod | RecordPaymentMethodAttached | RecordPaymentMethodAttachFailed;
