import type { AccessEvent } from './access/index.js';
import type { AuditKeyEvent } from './audit-key/index.js';
import type { CheckoutSessionEvent } from './checkout-session/index.js';
import type { ConnectedAccountEvent } from './connected-account/index.js';
import type { CustomerEvent } from './customer/index.js';
import type { PaymentMethodEvent } from './payment-method/index.js';
import type { PaymentEvent } from './payment/index.js';
import type { PayoutEvent } from './payout/index.js';
import type { SetupIntentEvent } from './setup-intent/index.js';
import type { TenantEvent } from './tenant/index.js';

export { Refusal } from './refusal.js';
export type { RefusalContext, RefusalKind } from './refusal.js';
export { driftRules } from './drift.js';
export type { DriftDetected, DriftRule } from './drift.js';

/** Every event this service records. */
export type BillingEvent =
  | CustomerEvent
  | PaymentMethodEvent
  | SetupIntentEvent
  | PaymentEvent
  | PayoutEvent
  | ConnectedAccountEvent
  | CheckoutSessionEvent
  | TenantEvent
  | AccessEvent
  | AuditKeyEvent;
