/**
 * An attempt to pay an intent with a payment method: authentication if the card asks for it, then the charge.
 * https://docs.stripe.com/payments/paymentintents/lifecycle
 */
import { presentPaymentIntent } from '../objects/intents.js';
import { presentPaymentMethod } from '../objects/payment-method.js';
import type { ChargeRecord, PaymentIntentRecord, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import type { ErrorDetails } from '../wire/errors.js';
import { refused, StripeError } from '../wire/errors.js';
import { capturesLater, failCharge, failedCharge, pendingCharge, settleCharge, succeededCharge } from './charging.js';
import { attach } from './payment-methods.js';
import { openReview } from './radar.js';
import { testAccount } from './test-accounts.js';
import type { Decline, TestCard } from './test-cards.js';
import { authenticationRequired, testCard } from './test-cards.js';

export interface AttemptOptions {
  /** The customer is not there to authenticate. */
  offSession: boolean;
  /** Fail where authentication would be needed. */
  errorOnRequiresAction: boolean;
  /** The customer has just authenticated. */
  authenticated: boolean;
}

const MOST_ATTEMPTS = 50;

const notHandled: Decline = {
  code: 'authentication_required',
  decline_code: 'authentication_not_handled',
  message:
    "This payment required an authentication action to complete, but `error_on_requires_action` was set. When you're ready, " +
    'you can upgrade your integration to handle actions at https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions.',
};

/** The error of an authentication that the customer did not pass. */
export const authenticationFailure: Decline = {
  code: 'payment_intent_authentication_failure',
  message: 'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

/** Whether a payment needs the customer's authentication, and cannot have it. */
const authenticationFor = (
  card: TestCard,
  method: PaymentMethodRecord,
  intent: PaymentIntentRecord,
  options: AttemptOptions,
): 'none' | 'needed' | 'impossible' => {
  if (options.authenticated) return 'none';
  const asked = (intent.payment_method_options?.card as Record<string, unknown> | undefined)?.request_three_d_secure;
  const without = options.offSession ? 'impossible' : 'needed';
  switch (card.authentication) {
    case 'always':
      return without;
    case 'unless_set_up':
      return options.offSession && method.set_up ? 'none' : without;
    case 'set_up':
      return options.offSession ? 'none' : 'needed';
    case 'optional':
      return (asked === 'any' || asked === 'challenge') && !options.offSession ? 'needed' : 'none';
    case 'unsupported':
    case undefined:
      return 'none';
  }
};

const withCharge = (intent: PaymentIntentRecord, charge: ChargeRecord | undefined): PaymentIntentRecord => {
  if (!charge) return intent;
  const { latest_charge: earlier } = intent;
  return {
    ...intent,
    latest_charge: charge.id,
    ...(earlier !== undefined && { earlier_charges: [...(intent.earlier_charges ?? []), earlier] }),
  };
};

/** Ends an attempt: the intent wants another payment method. Gives the intent; its `last_error` says why. */
const failAttempt = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  decline: Decline,
  charge?: ChargeRecord,
): PaymentIntentRecord => {
  const { blocked: _, ...reason } = decline;
  const details: ErrorDetails = { type: 'card_error', ...reason, ...(charge && { charge: charge.id }) };
  const failed = work.save('payment_intent', {
    ...withCharge(intent, charge),
    status: 'requires_payment_method',
    payment_method: undefined,
    last_error: { details, payment_method: method.id },
  });
  work.event('payment_intent.payment_failed', 'payment_intent', failed);
  return failed;
};

/** The 402 with which the API answers a failed attempt. The attempt itself stays on record. */
const declinedError = (work: Work, failed: PaymentIntentRecord, method: PaymentMethodRecord): StripeError => {
  const details = failed.last_error?.details ?? { type: 'card_error', message: 'Your card was declined.' };
  return new StripeError(
    402,
    {
      ...details,
      payment_intent: presentPaymentIntent(failed, work),
      payment_method: presentPaymentMethod(method),
    },
    { keepsEffects: true },
  );
};

/** Fails the attempt that waits for authentication: the customer did not pass it. */
export const failAuthentication = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
): PaymentIntentRecord => failAttempt(work, intent, method, authenticationFailure);

/** A method used by a payment is attached to the customer when it is to be used again, and spent when it cannot be. */
const afterUse = (work: Work, intent: PaymentIntentRecord, method: PaymentMethodRecord): void => {
  const isForLater = intent.setup_future_usage !== undefined && intent.customer !== undefined;
  if (method.customer === undefined && isForLater && intent.customer !== undefined) {
    attach(work, { ...method, ...(intent.setup_future_usage === 'off_session' && { set_up: true }) }, intent.customer);
  } else if (method.customer === undefined && method.spent === undefined) {
    work.save('payment_method', { ...method, spent: true });
  }
};

const succeed = (
  work: Work,
  given: PaymentIntentRecord,
  method: PaymentMethodRecord,
  made: ChargeRecord,
): PaymentIntentRecord => {
  afterUse(work, given, method);
  const isDoubtful = method.type === 'card' && testCard(method.test).risk === 'elevated';
  const { intent, charge } = isDoubtful ? openReview(work, given, made, 'rule') : { intent: given, charge: made };
  const paid = { ...withCharge(intent, charge), payment_method: method.id, last_error: undefined };
  if (!charge.captured) {
    const held = work.save('payment_intent', { ...paid, status: 'requires_capture', amount_capturable: intent.amount });
    work.event('payment_intent.amount_capturable_updated', 'payment_intent', held);
    return held;
  }
  const succeeded = work.save('payment_intent', { ...paid, status: 'succeeded', amount_received: intent.amount });
  work.event('payment_intent.succeeded', 'payment_intent', succeeded);
  return succeeded;
};

const debit = (work: Work, intent: PaymentIntentRecord, method: PaymentMethodRecord): PaymentIntentRecord => {
  if (intent.currency !== 'usd') {
    throw refused(
      `The currency provided (${intent.currency}) is invalid for the payment method type us_bank_account.`,
      'payment_method_currency_mismatch',
      'currency',
    );
  }
  if (capturesLater(intent)) {
    throw refused(
      'The payment method type us_bank_account does not support capture_method=manual.',
      'payment_intent_incompatible_payment_method',
      'payment_method',
    );
  }
  const charge = pendingCharge(work, intent, method);
  afterUse(work, intent, method);
  const processing = work.save('payment_intent', {
    ...withCharge(intent, charge),
    payment_method: method.id,
    status: 'processing',
    last_error: undefined,
  });
  work.settleLater(processing.id);
  work.event('payment_intent.processing', 'payment_intent', processing);
  return processing;
};

/** The bank has answered the debit of a `processing` intent. */
export const settlePayment = (work: Work, intent: PaymentIntentRecord): void => {
  if (intent.status !== 'processing' || intent.latest_charge === undefined) return;
  const pending = work.get('charge', intent.latest_charge);
  const { fails } = testAccount(pending.method.test);
  if (fails) {
    const { id } = failCharge(work, pending, fails);
    const failed = work.save('payment_intent', {
      ...intent,
      status: 'requires_payment_method',
      payment_method: undefined,
      last_error: {
        details: { type: 'invalid_request_error', ...fails, charge: id },
        payment_method: pending.payment_method,
      },
    });
    work.event('payment_intent.payment_failed', 'payment_intent', failed);
    return;
  }
  settleCharge(work, pending);
  const succeeded = work.save('payment_intent', {
    ...intent,
    status: 'succeeded',
    amount_received: intent.amount,
  });
  work.event('payment_intent.succeeded', 'payment_intent', succeeded);
};

/**
 * Attempts to pay `intent` with `method`. Gives the intent as it is then: succeeded, requires_capture, requires_action or
 * processing. Throws a 402 StripeError that keeps its effects when the payment fails.
 */
export const attemptPayment = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  options: AttemptOptions,
): PaymentIntentRecord => {
  if ((intent.earlier_charges?.length ?? 0) + 1 >= MOST_ATTEMPTS) {
    throw refused('This PaymentIntent has been confirmed too many times.', 'payment_intent_rate_limit_exceeded');
  }
  if (method.type === 'us_bank_account') return debit(work, intent, method);
  const card = testCard(method.test);
  const authentication = authenticationFor(card, method, intent, options);
  if (authentication === 'needed' && !options.errorOnRequiresAction) {
    const waiting = work.save('payment_intent', {
      ...intent,
      payment_method: method.id,
      status: 'requires_action',
      last_error: undefined,
    });
    work.event('payment_intent.requires_action', 'payment_intent', waiting);
    return waiting;
  }
  if (authentication === 'needed') throw declinedError(work, failAttempt(work, intent, method, notHandled), method);
  const decline = authentication === 'impossible' ? authenticationRequired : card.declines;
  if (decline) {
    const charge = failedCharge(work, intent, method, decline);
    throw declinedError(work, failAttempt(work, intent, method, decline, charge), method);
  }
  return succeed(work, intent, method, succeededCharge(work, intent, method, options.authenticated));
};
