/** What tests tell the sandbox besides Stripe's API: how an authentication went, and what is in the books. */
import { answers, shows } from '../http/endpoint.js';
import { idRange, pageOf } from '../http/pages.js';
import { attemptPayment, failAuthentication } from '../payments/attempt.js';
import { failSetupAuthentication, succeedSetup } from '../payments/setup.js';
import type { PaymentIntentRecord, SetupIntentRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused, StripeError } from '../wire/errors.js';
import { integerFrom, oneOf, string } from '../wire/params.js';

const MOST_ROWS = 1_000;

const assertWaiting = (intent: PaymentIntentRecord | SetupIntentRecord): string => {
  if (intent.status === 'requires_action' && intent.payment_method !== undefined) return intent.payment_method;
  throw refused(
    `${intent.id} does not wait for authentication: its status is ${intent.status}.`,
    'intent_invalid_state',
  );
};

const outcome = { outcome: oneOf('succeed', 'fail') };

const authenticatePayment = (work: Work, succeeds: boolean, id: string): PaymentIntentRecord => {
  const intent = work.get('payment_intent', id);
  const method = work.get('payment_method', assertWaiting(intent));
  if (!succeeds) return failAuthentication(work, intent, method);
  if (intent.confirmation_method === 'manual') {
    return work.save('payment_intent', { ...intent, status: 'requires_confirmation', authenticated: true });
  }
  try {
    return attemptPayment(work, intent, method, {
      offSession: false,
      errorOnRequiresAction: false,
      authenticated: true,
    });
  } catch (error) {
    // The customer has passed and the bank declines: the browser would see the intent, not an error.
    if (error instanceof StripeError && error.options.keepsEffects) return work.get('payment_intent', id);
    throw error;
  }
};

/** One line of the books for a payment: what was taken, given back and let go, in minor units. */
const summary = (work: Work, intent: PaymentIntentRecord) => {
  const charge = intent.latest_charge === undefined ? undefined : work.find('charge', intent.latest_charge);
  const isOver = intent.status === 'succeeded' || intent.status === 'canceled';
  const released = charge?.status === 'succeeded' && isOver ? charge.amount - charge.amount_captured : 0;
  return {
    id: intent.id,
    created: intent.created,
    status: intent.status,
    currency: intent.currency,
    amount: intent.amount,
    amount_received: intent.amount_received ?? 0,
    amount_refunded: (charge?.amount_refunded ?? 0) - released,
    amount_released: released,
    charges: (intent.earlier_charges?.length ?? 0) + (charge ? 1 : 0),
    successful_charges: charge?.status === 'succeeded' ? 1 : 0,
    customer: intent.customer ?? null,
    metadata: intent.metadata,
  };
};

const summarizing = { limit: integerFrom(1), starting_after: string };

export const control = [
  shows('payment_intent', 'POST', '/sandbox/payment_intents/:id/authenticate', {
    takes: outcome,
    requires: ['outcome'],
    run: (work, params, id) => authenticatePayment(work, params.outcome === 'succeed', id),
  }),
  shows('setup_intent', 'POST', '/sandbox/setup_intents/:id/authenticate', {
    takes: outcome,
    requires: ['outcome'],
    run: (work, params, id) => {
      const intent = work.get('setup_intent', id);
      const method = work.get('payment_method', assertWaiting(intent));
      return params.outcome === 'succeed'
        ? succeedSetup(work, intent, method)
        : failSetupAuthentication(work, intent, method);
    },
  }),
  answers('GET', '/sandbox/summary', {
    takes: summarizing,
    run: (work, params) => {
      const limit = Math.min(params.limit ?? MOST_ROWS, MOST_ROWS);
      const range = idRange(work, 'payment_intent', params);
      const rows = work.store.objects('payment_intent', range);
      const page = pageOf<'payment_intent'>(rows, { limit }, (intent) => work.sees('payment_intent', intent));
      return { object: 'list', data: page.records.map((intent) => summary(work, intent)), has_more: page.has_more };
    },
  }),
];
