export type * from './commands.js';
export type * from './events.js';
export type * from './state.js';
export * from './actions.js';
export { decide } from './decide.js';
export * from './confirmation.js';
export * from './dispute-facts.js';
export { disputeAmountOf, disputeBooked, disputeStatusOf } from './disputes.js';
export { submitDisputeEvidence } from './evidence.js';
export { evolve, foldPayment } from './evolve.js';
export * from './facts.js';
export { breachesOf } from './invariants.js';
export * from './notice-facts.js';
export * from './refusals.js';
export { assertExists } from './record.js';
export * from './requests.js';
export { initialPayment } from './state.js';
export {
  capturable,
  captured,
  disputed,
  finishedAction,
  heldAttempt,
  latestAttempt,
  operationInFlight,
  presentedNow,
  refundable,
  refunded,
  refundsPending,
  statusOf,
} from './views.js';
export type { Operation, PaymentStatus } from './views.js';
