import type { PresentConfirmation, RecordConfirmationInspected, RecordConfirmationRefused } from './commands.js';
import type { PaymentEvent } from './events.js';
import { assertExists } from './record.js';
import { PaymentNotConfirmable } from './refusals.js';
import { assertNothingInFlight, canBeAttempted, requestOf } from './requests.js';
import type { Payment, Presentation } from './state.js';
import { attemptsOf } from './views.js';

/**
 * Payments with the payer present, in two steps: the browser brings a confirmation token, the gateway looks what it holds, and only then
 * an attempt is requested. What judges a charge by the card stands between the two.
 */

/** The code of a token with which the payment cannot be charged any more. */
export const notConfirmable = 'payment_not_confirmable';
/** The code of a token that holds what this payment may not be paid with. */
export const kindNotAllowed = 'payment_method_type_not_allowed';

/**
 * Takes a presented token in. One at a time: until it is known what becomes of it, and as long as an attempt may still charge, another is
 * refused. The same token again gives []. Throws OperationInProgress or PaymentNotConfirmable.
 */
export const presentConfirmation = (command: PresentConfirmation, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { confirmationId, methodKinds, at } = command;
  if (payment.presentations?.[confirmationId]) return []; // a repeat changes nothing
  assertNothingInFlight(payment);
  if (!canBeAttempted(payment)) throw new PaymentNotConfirmable(payment);
  return [{ type: 'ConfirmationTokenPresented', confirmationId, ...(methodKinds && { methodKinds }), at }];
};

/** The presentation of which nobody has said yet what becomes of it; undefined where there is none: then a report of it is stale. */
const awaited = (payment: Payment, confirmationId: string): Presentation | undefined => {
  assertExists(payment);
  const presentation = payment.presentations?.[confirmationId];
  return presentation?.stage.phase === 'presented' ? presentation : undefined;
};

/**
 * Records what a presented token holds and requests the attempt that is charged with it. Where the payment cannot be attempted any more,
 * because a late report of an older attempt came in between, or the token holds what is not allowed, it is refused instead.
 */
export const recordConfirmationInspected = (fact: RecordConfirmationInspected, payment: Payment): PaymentEvent[] => {
  const { confirmationId, methodKind, fingerprint, at } = fact;
  const presentation = awaited(payment, confirmationId);
  if (!presentation) return [];
  const refused = (code: string): PaymentEvent[] => [{ type: 'ConfirmationTokenRefused', confirmationId, code, at }];
  if (presentation.methodKinds && !presentation.methodKinds.includes(methodKind)) return refused(kindNotAllowed);
  if (!canBeAttempted(payment)) return refused(notConfirmable);
  const attempt = (attemptsOf(payment).at(-1)?.attempt ?? 0) + 1;
  return [
    { type: 'ConfirmationTokenInspected', confirmationId, methodKind, ...(fingerprint && { fingerprint }), at },
    { ...requestOf(payment, attempt, confirmationId, at), presented: true, methodKind },
  ];
};

/** Records that nothing is charged with a presented token. */
export const recordConfirmationRefused = (fact: RecordConfirmationRefused, payment: Payment): PaymentEvent[] => {
  const { confirmationId, code, at } = fact;
  return awaited(payment, confirmationId) ? [{ type: 'ConfirmationTokenRefused', confirmationId, code, at }] : [];
};
