import type { CustomerEvent } from './customer/index.js';
import type { PaymentMethodEvent } from './payment-method/index.js';
import type { PaymentEvent } from './payment/index.js';

export { Refusal } from './refusal.js';
export type { RefusalContext, RefusalKind } from './refusal.js';
export type { DriftDetected } from './drift.js';

/** Every event this service records. */
export type BillingEvent = CustomerEvent | PaymentMethodEvent | PaymentEvent;
