import type { CheckoutSession, CheckoutStatus } from '#domain/checkout-session';
import { checkoutStatusOf } from '#domain/checkout-session';
import { latestAttempt, statusOf } from '#domain/payment';
import type { SetupIntent } from '#domain/setup-intent';
import { setupIntentStatusOf } from '#domain/setup-intent';

import { checkoutSessions, setupIntents } from '../aggregates.js';
import type { CommandExecutor } from '../executor.js';
import type { CheckoutPayment } from './checkout-payment.js';
import { checkoutPayments } from './checkout-payment.js';

/** A checkout session together with what it is for, as their streams are now. */
export interface CheckoutStanding {
  session: CheckoutSession;
  /** Of mode `payment`. */
  payment?: CheckoutPayment;
  /** Of mode `setup`, once a payer has presented something. */
  setup?: SetupIntent;
}

const done: ReadonlySet<string> = new Set(['authorized', 'succeeded', 'partially_refunded', 'refunded', 'disputed']);

/**
 * Whether what the session is for is done: paid, held, on its way from the payer's bank, or set up. A debit that fails days later leaves it so:
 * a page that was used is not opened again.
 */
export const isComplete = ({ payment, setup }: CheckoutStanding): boolean => {
  if (setup) return setupIntentStatusOf(setup) === 'succeeded';
  return payment !== undefined && (done.has(statusOf(payment)) || isWithBank(payment) || payment.wasWithBank === true);
};

/** Whether the payer's bank was asked, and answers within days: for the payer it is done. */
export const isWithBank = (payment: CheckoutPayment): boolean => latestAttempt(payment)?.stage.phase === 'processing';

/** Whether the payer's bank has refused days later what it was asked: the page was used, and nothing came of it. */
export const wasReturned = ({ payment }: CheckoutStanding): boolean =>
  payment?.wasWithBank === true && ['failed', 'canceled'].includes(statusOf(payment));

/** Whether the money of a session is there: `processing` while the payer's bank is asked, which takes days and may fail. */
export type CheckoutPaymentStatus = 'unpaid' | 'processing' | 'paid';

const paid: ReadonlySet<string> = new Set(['succeeded', 'partially_refunded', 'refunded', 'disputed']);

/** Of mode `payment`; null where nothing is paid. What is only held is unpaid. */
export const paymentStatusOf = ({ payment }: CheckoutStanding): CheckoutPaymentStatus | null => {
  if (!payment) return null;
  if (paid.has(statusOf(payment))) return 'paid';
  return isWithBank(payment) ? 'processing' : 'unpaid';
};

/** Whether something that the payer has begun may still charge or be saved, as of `at`. */
export const isInFlight = (standing: CheckoutStanding, at: string): boolean => {
  const { session, payment } = standing;
  if (session.mode === 'setup') return isSettingUp(standing, at);
  return payment !== undefined && ['processing', 'requires_action'].includes(statusOf(payment));
};

/**
 * How the session stands at `at`. One whose payment was canceled has expired. While something is in flight it has not, whatever the time:
 * nobody is told that it is over who is charged afterwards.
 */
export const standingStatusOf = (standing: CheckoutStanding, at: string): CheckoutStatus => {
  const { session, payment } = standing;
  const complete = isComplete(standing);
  if (!complete && isInFlight(standing, at)) return 'open';
  const canceled = payment !== undefined && statusOf(payment) === 'canceled';
  return checkoutStatusOf(canceled ? { ...session, expired: true } : session, complete, at);
};

/** Reads a session and what it is for; undefined where the tenant has none of that id. */
export const checkoutStanding = async (
  executor: CommandExecutor,
  tenantId: string,
  checkoutSessionId: string,
): Promise<CheckoutStanding | undefined> => {
  const session = await executor.load(tenantId, checkoutSessions, checkoutSessionId);
  if (session.checkoutSessionId === '') return undefined;
  const { paymentId, setupIntentId } = session;
  if (paymentId !== undefined) return { session, payment: await executor.load(tenantId, checkoutPayments, paymentId) };
  if (setupIntentId === undefined) return { session };
  const setup = await executor.load(tenantId, setupIntents, setupIntentId);
  // Named before it was made: whoever was to make it has not come as far.
  return setup.setupIntentId === '' ? { session } : { session, setup };
};

/** How long a setup that was named and is not there yet is waited for: whoever was to make it may have died in between. */
const madeWithinMs = 60_000;

/** Whether something that the payer has presented is being set up, as of `at`. */
export const isSettingUp = ({ session, setup }: CheckoutStanding, at: string): boolean => {
  if (setup) return ['processing', 'requires_action'].includes(setupIntentStatusOf(setup));
  const { setupStartedAt } = session;
  return setupStartedAt !== undefined && Date.parse(at) - Date.parse(setupStartedAt) < madeWithinMs;
};
