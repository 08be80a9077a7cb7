export type * from './commands.js';
export type * from './events.js';
export {
  CheckoutSessionClosed,
  CheckoutSessionNotFound,
  assertCheckoutOpen,
  checkoutStatusOf,
  decideCheckoutSession,
  evolveCheckoutSession,
  foldCheckoutSession,
  initialCheckoutSession,
} from './checkout-session.js';
export type { CheckoutSession, CheckoutStatus } from './checkout-session.js';
