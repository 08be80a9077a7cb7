import type { FinishPaymentAction, RecordActionStillRequired } from './commands.js';
import type { PaymentEvent } from './events.js';
import { assertExists } from './record.js';
import { PaymentActionUnfinished, PaymentNotConfirmable } from './refusals.js';
import type { Attempt, Payment } from './state.js';
import { finishedAction, latestAttempt } from './views.js';

/**
 * What a payer has to do before an attempt goes on. The processor lets nobody but us confirm an attempt with a presented token: once the payer
 * has done it, their browser says so, and the gateway looks and confirms again.
 */

/** How often it can be said of one attempt that its action is finished. A payer needs it once, or a few times where they went away. */
export const maxFinishes = 50;

/** The attempt whose payer has something to do, after which we are to confirm it; undefined where there is none. */
export const attemptWithAction = (payment: Payment): Attempt | undefined => {
  const latest = latestAttempt(payment);
  return latest?.stage.phase === 'action_required' && latest.requested?.presented ? latest : undefined;
};

/**
 * Takes in that the payer has finished. While the gateway looks because somebody has said so, from another tab or a moment ago, saying it
 * again gives []. Throws PaymentNotConfirmable where no payer of ours has anything to do, or PaymentActionUnfinished after `maxFinishes`.
 */
export const finishPaymentAction = ({ actionId, at }: FinishPaymentAction, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  if (payment.actions?.[actionId] || finishedAction(payment)) return [];
  const found = attemptWithAction(payment);
  if (!found) throw new PaymentNotConfirmable(payment);
  const { attempt } = found;
  const told = Object.values(payment.actions ?? {}).filter((action) => action.attempt === attempt);
  if (told.length >= maxFinishes) throw new PaymentActionUnfinished(payment.paymentId);
  return [{ type: 'PaymentActionFinished', actionId, attempt, at }];
};

/** Records that the processor waits for the payer as before. */
export const recordActionStillRequired = (fact: RecordActionStillRequired, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { actionId, at } = fact;
  const action = payment.actions?.[actionId];
  if (action?.stage.phase !== 'finished') return [];
  const { attempt } = action;
  return [{ type: 'PaymentActionStillRequired', actionId, attempt, at }];
};
