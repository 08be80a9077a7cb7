export type * from './commands.js';
export type * from './events.js';
export {
  PaymentMethodNotAttached,
  PaymentMethodNotFound,
  assertChargeableMethod,
  attachPaymentMethod,
  decidePaymentMethod,
  detachPaymentMethod,
  evolvePaymentMethod,
  foldPaymentMethod,
  initialPaymentMethod,
  recordAttachment,
  recordPaymentMethodUpdate,
} from './payment-method.js';
export type { Attachment, PaymentMethod } from './payment-method.js';
