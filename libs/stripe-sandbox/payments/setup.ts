/** Setting a payment method up for later: verified by its bank, authenticated if it asks for it, kept by the customer. */
import { presentSetupIntent } from '../objects/intents.js';
import { presentPaymentMethod } from '../objects/payment-method.js';
import type { PaymentMethodRecord, SetupIntentRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { StripeError } from '../wire/errors.js';
import { attach, verificationError } from './payment-methods.js';
import type { Decline } from './test-cards.js';
import { testCard } from './test-cards.js';

const authenticationFailure: Decline = {
  code: 'setup_intent_authentication_failure',
  message:
    'The latest attempt to set up the payment method has failed because authentication failed. Please provide a new payment method.',
};

const fail = (
  work: Work,
  intent: SetupIntentRecord,
  method: PaymentMethodRecord,
  details: StripeError['details'],
): SetupIntentRecord => {
  const { payment_method: _, ...rest } = details;
  const failed = work.save('setup_intent', {
    ...intent,
    status: 'requires_payment_method',
    payment_method: undefined,
    last_error: { details: rest, payment_method: method.id },
  });
  work.event('setup_intent.setup_failed', 'setup_intent', failed);
  return failed;
};

/** The customer did not pass the authentication that `intent` waits for. */
export const failSetupAuthentication = (
  work: Work,
  intent: SetupIntentRecord,
  method: PaymentMethodRecord,
): SetupIntentRecord => fail(work, intent, method, { type: 'card_error', ...authenticationFailure });

/** The method is set up: it goes to the customer, and later payments may be made without them. */
export const succeedSetup = (work: Work, intent: SetupIntentRecord, method: PaymentMethodRecord): SetupIntentRecord => {
  const ready: PaymentMethodRecord = { ...method, ...(intent.usage === 'off_session' && { set_up: true }) };
  work.save('payment_method', ready);
  if (intent.customer !== undefined && method.customer === undefined) attach(work, ready, intent.customer);
  const succeeded = work.save('setup_intent', {
    ...intent,
    payment_method: method.id,
    status: 'succeeded',
    last_error: undefined,
    ...(method.type === 'us_bank_account' && { mandate: `mandate_${intent.id.slice('seti_'.length)}` }),
  });
  work.event('setup_intent.succeeded', 'setup_intent', succeeded);
  return succeeded;
};

/** Attempts to set `method` up. Throws a 402 that keeps its effects when the bank declines. */
export const attemptSetup = (work: Work, intent: SetupIntentRecord, method: PaymentMethodRecord): SetupIntentRecord => {
  const error = verificationError(method);
  if (error) {
    const failed = fail(work, intent, method, error.details);
    throw new StripeError(
      402,
      {
        ...error.details,
        payment_method: presentPaymentMethod(method),
        setup_intent: presentSetupIntent(failed, work),
      },
      { keepsEffects: true },
    );
  }
  const authentication = method.type === 'card' ? testCard(method.test).authentication : undefined;
  if (authentication === 'always' || authentication === 'unless_set_up') {
    const waiting = work.save('setup_intent', {
      ...intent,
      payment_method: method.id,
      status: 'requires_action',
      last_error: undefined,
    });
    work.event('setup_intent.requires_action', 'setup_intent', waiting);
    return waiting;
  }
  return succeedSetup(work, intent, method);
};
