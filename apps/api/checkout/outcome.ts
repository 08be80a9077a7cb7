import type { CheckoutStanding } from '#command-handling';
import { isComplete, isWithBank, standingStatusOf, wasReturned } from '#command-handling';
import { latestAttempt, statusOf } from '#domain/payment';
import { setupIntentStatusOf } from '#domain/setup-intent';
import { onlyAttempt } from '#keys';

import { hasMessage, messageFor } from './messages.js';

/** How a page stands, for its script. */
export interface CheckoutOutcome {
  /** `processing`: nobody has to do anything; of a bank debit for days. */
  status: 'open' | 'expired' | 'succeeded' | 'processing' | 'requires_action' | 'failed';
  /** Of `requires_action`: for the processor's script. */
  clientSecret?: string;
  /** Of `failed`: the payer may try again. */
  error?: { code: string; declineCode?: string; message: string };
}

/** The attempt that an action is of: its id in the vault of client secrets. */
export interface ActionOf {
  id: string;
  attempt: number;
}

/** The standing as an outcome; with the action whose secret belongs to it, where the payer has one to finish. */
export const outcomeOf = (standing: CheckoutStanding, at: string): { outcome: CheckoutOutcome; action?: ActionOf } => {
  const { payment, setup } = standing;
  if (payment && isWithBank(payment)) return { outcome: { status: 'processing' } };
  // The page was used: who pays again is sent another one.
  if (wasReturned(standing)) return { outcome: { status: 'expired' } };
  if (isComplete(standing)) return { outcome: { status: 'succeeded' } };
  const status = payment ? statusOf(payment) : setup && setupIntentStatusOf(setup);
  if (status === 'processing') return { outcome: { status } };
  if (status === 'requires_action') {
    const action = payment
      ? { id: payment.paymentId, attempt: latestAttempt(payment)?.attempt ?? 0 }
      : { id: setup?.setupIntentId ?? '', attempt: onlyAttempt };
    return { outcome: { status }, action };
  }
  if (standingStatusOf(standing, at) === 'expired') return { outcome: { status: 'expired' } };
  const failure = failureOf(standing);
  if (!failure) return { outcome: { status: 'open' } };
  return { outcome: { status: 'failed', error: { ...failure, message: messageFor(failure) } } };
};

/** Why what the payer presented last came to nothing; undefined where nothing was presented. */
const failureOf = ({ payment, setup }: CheckoutStanding): { code: string; declineCode?: string } | undefined => {
  if (setup) return setup.stage.phase === 'failed' ? told(setup.stage) : undefined;
  if (!payment) return undefined;
  const presentations = Object.values(payment.presentations ?? {});
  const last = presentations.reduce<(typeof presentations)[number] | undefined>(
    (newest, each) => (newest && newest.at >= each.at ? newest : each),
    undefined,
  );
  if (last?.stage.phase === 'refused') return { code: last.stage.code };
  const stage = latestAttempt(payment)?.stage;
  return stage?.phase === 'failed' ? told(stage) : undefined;
};

/** Without the bank's own word where it has no message: a thief is not to learn that a card is known to be stolen. */
const told = ({ code, declineCode }: { code: string; declineCode?: string }) => ({
  code,
  ...(declineCode !== undefined && hasMessage(declineCode) && { declineCode }),
});
