import { shows, lists } from '../http/endpoint.js';
import { assertKnown, created, pageOfKind } from '../http/pages.js';
import type { AttemptOptions } from '../payments/attempt.js';
import { attemptPayment } from '../payments/attempt.js';
import { captureCharge, releaseCharge } from '../payments/charging.js';
import { assertChargeable, assertDivisible, written } from '../payments/currencies.js';
import { assertUsableBy } from '../payments/payment-methods.js';
import { presentPaymentIntent } from '../objects/intents.js';
import { randomText } from '../state/ids.js';
import type { PaymentIntentRecord, PaymentIntentStatus, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused, StripeError } from '../wire/errors.js';
import { integerFrom, mergeMetadata, string } from '../wire/params.js';
import { assertSecret } from './client-secrets.js';
import { assertTypeAllowed, methodGiven, withConfirmationToken } from './intent-methods.js';
import * as shared from './intent-params.js';
import type { Change } from './payment-intent-params.js';
import { canceling, capturing, changeable, confirming, creating, described } from './payment-intent-params.js';

const unexpectedState = (work: Work, intent: PaymentIntentRecord, message: string): StripeError =>
  new StripeError(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message,
    payment_intent: presentPaymentIntent(intent, work),
  });

const assertStatus = (
  work: Work,
  intent: PaymentIntentRecord,
  verb: string,
  allowed: readonly PaymentIntentStatus[],
): void => {
  if (allowed.includes(intent.status)) return;
  throw unexpectedState(
    work,
    intent,
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the ` +
      `following statuses may be ${verb === 'cancel' ? 'canceled' : `${verb.replace(/e$/, '')}ed`}: ${allowed.join(', ')}.`,
  );
};

/** `intent` with what the parameters say of it; null unsets. Says nothing about its status. */
const applied = (intent: PaymentIntentRecord, params: Change, method?: PaymentMethodRecord): PaymentIntentRecord => {
  const { amount, currency: money, customer, payment_method_options, metadata: change } = params;
  const next: PaymentIntentRecord = {
    ...intent,
    metadata: mergeMetadata(intent.metadata, change),
    payment_method_options: shared.mergeOptions(intent.payment_method_options, payment_method_options),
  };
  if (amount !== undefined) next.amount = amount;
  if (money !== undefined) next.currency = money;
  if (customer !== undefined) next.customer = customer;
  if (method !== undefined) next.payment_method = method.id;
  if (params.capture_method !== undefined) next.capture_method = params.capture_method;
  const fields = [
    'allowed_payment_method_types',
    'amount_details',
    'description',
    'excluded_payment_method_types',
    'payment_details',
    'receipt_email',
    'return_url',
    'setup_future_usage',
    'shipping',
    'statement_descriptor',
    'statement_descriptor_suffix',
    'transfer_group',
    'use_stripe_sdk',
  ] as const;
  for (const field of fields) {
    if (params[field] !== undefined) Object.assign(next, { [field]: params[field] ?? undefined });
  }
  return next;
};

const pay = (work: Work, intent: PaymentIntentRecord, params: Change): PaymentIntentRecord => {
  if (intent.payment_method === undefined) {
    throw unexpectedState(
      work,
      intent,
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a " +
        'payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.',
    );
  }
  const method = work.get('payment_method', intent.payment_method);
  assertUsableBy(method, intent.customer);
  const options: AttemptOptions = {
    offSession: params.off_session ?? false,
    errorOnRequiresAction: params.error_on_requires_action ?? false,
    authenticated: intent.authenticated ?? false,
  };
  return attemptPayment(work, intent, method, options);
};

const assertConfirmParams = (params: Change): void => {
  if (params.confirm === true) return;
  for (const name of [
    'confirmation_token',
    'error_on_requires_action',
    'mandate_data',
    'off_session',
    'return_url',
  ] as const) {
    if (params[name] === undefined || params[name] === false) continue;
    throw invalidParameter(
      name,
      `The parameter '${name}' cannot be passed when creating a PaymentIntent unless \`confirm\` is set to true.`,
    );
  }
};

const create = (work: Work, given: Change & { amount: number; currency: string }): PaymentIntentRecord => {
  const id = work.newId('payment_intent');
  assertConfirmParams(given);
  const params = withConfirmationToken(work, given, 'payment_intent', id);
  assertChargeable(params.amount, params.currency);
  if (params.customer !== undefined) work.get('customer', params.customer, 'customer');
  const method = methodGiven(work, params, params.customer);
  const blank: PaymentIntentRecord = {
    id,
    created: work.now,
    client_secret: `${id}_secret_${randomText(25)}`,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    amount: params.amount,
    currency: params.currency,
    capture_method: 'automatic_async',
    metadata: {},
    automatic_payment_methods: params.automatic_payment_methods && {
      allow_redirects: 'always',
      ...params.automatic_payment_methods,
    },
    ...(params.confirmation_method === 'manual' && { confirmation_method: 'manual' }),
  };
  const intent = applied(blank, params, method);
  if (method) assertTypeAllowed(intent, method);
  if (params.confirm === true && !method) return pay(work, intent, params);
  work.save('payment_intent', intent);
  if (intent.customer !== undefined) work.link(intent.customer, intent.id);
  work.event('payment_intent.created', 'payment_intent', intent);
  return params.confirm === true ? pay(work, intent, params) : intent;
};

const unpaid = ['requires_payment_method', 'requires_confirmation', 'requires_action'] as const;

const update = (work: Work, params: Change, id: string): PaymentIntentRecord => {
  const intent = work.get('payment_intent', id);
  const changesPayment = [
    'amount',
    'currency',
    'customer',
    'payment_method',
    'payment_method_data',
    'capture_method',
  ].filter((name) => name in params);
  if (changesPayment.length > 0) {
    if (!unpaid.some((status) => status === intent.status)) {
      throw unexpectedState(
        work,
        intent,
        `This PaymentIntent's ${changesPayment[0] ?? ''} could not be updated because it has a status of ${intent.status}. You may ` +
          `only update it with one of the following statuses: ${unpaid.join(', ')}.`,
      );
    }
    assertChargeable(params.amount ?? intent.amount, params.currency ?? intent.currency);
  }
  if (params.customer !== undefined) work.get('customer', params.customer, 'customer');
  const method = methodGiven(work, params, params.customer ?? intent.customer);
  const next = applied(intent, params, method);
  if (method) {
    assertTypeAllowed(next, method);
    next.status = 'requires_confirmation';
  } else if (next.status === 'requires_action' && changesPayment.length > 0) {
    next.status = 'requires_confirmation';
  }
  if (next.customer !== undefined && next.customer !== intent.customer) {
    if (intent.customer !== undefined) work.unlink(intent.customer, id);
    work.link(next.customer, id);
  }
  return work.save('payment_intent', next);
};

const assertMayConfirm = (work: Work, { id, confirmation_method }: PaymentIntentRecord): void => {
  if (!work.isPublic || confirmation_method !== 'manual') return;
  throw refused(
    `This PaymentIntent ${id} cannot be confirmed using your publishable key because its \`confirmation_method\` is set to \`manual\`. ` +
      'Please use your secret key instead, or create a PaymentIntent with `confirmation_method` set to `automatic`.',
  );
};

type Confirmation = Change & { amount_to_confirm?: number; client_secret?: string };

const confirm = (work: Work, given: Confirmation, id: string): PaymentIntentRecord => {
  const intent = work.get('payment_intent', id);
  assertSecret(intent, 'payment_intent', given.client_secret);
  assertMayConfirm(work, intent);
  assertStatus(work, intent, 'confirm', unpaid);
  if (given.amount_to_confirm !== undefined && given.amount_to_confirm !== intent.amount) {
    throw refused(
      'The amount to confirm does not match the amount of the PaymentIntent.',
      'payment_intent_invalid_parameter',
      'amount_to_confirm',
    );
  }
  const params = withConfirmationToken(work, given, 'payment_intent', id);
  const method = methodGiven(work, params, intent.customer);
  const next = applied(intent, params, method);
  if (method) {
    assertTypeAllowed(next, method);
    if (method.id !== intent.payment_method) next.authenticated = undefined;
  }
  return pay(work, next, params);
};

const capture = (
  work: Work,
  params: Change & { amount_to_capture?: number; final_capture?: boolean },
  id: string,
): PaymentIntentRecord => {
  const intent = work.get('payment_intent', id);
  assertStatus(work, intent, 'capture', ['requires_capture']);
  const charge = work.get('charge', intent.latest_charge ?? '');
  const capturable = intent.amount_capturable ?? 0;
  const amount = params.amount_to_capture ?? capturable;
  const isFinal = params.final_capture ?? true;
  if (!isFinal && !charge.multicapture) {
    throw invalidParameter(
      'final_capture',
      'Multicapture is not available for this PaymentIntent.',
      'payment_intent_invalid_parameter',
    );
  }
  if (amount > capturable) {
    throw refused(
      `The amount to capture (${written(amount, intent.currency)}) is greater than the amount that can be captured (${written(capturable, intent.currency)}).`,
      'amount_too_large',
      'amount_to_capture',
    );
  }
  if (amount === 0 && !(isFinal && charge.amount_captured > 0)) {
    throw invalidParameter(
      'amount_to_capture',
      'This value must be greater than or equal to 1.',
      'parameter_invalid_integer',
    );
  }
  assertDivisible(amount, intent.currency, 'amount_to_capture');
  const captured = captureCharge(work, charge, amount, isFinal);
  const next = work.save('payment_intent', {
    ...applied(intent, params),
    status: captured.captured ? 'succeeded' : 'requires_capture',
    amount_capturable: captured.captured ? 0 : capturable - amount,
    amount_received: captured.amount_captured,
  });
  if (captured.captured) work.event('payment_intent.succeeded', 'payment_intent', next);
  else work.event('payment_intent.amount_capturable_updated', 'payment_intent', next);
  return next;
};

const cancel = (work: Work, reason: string | undefined, id: string): PaymentIntentRecord => {
  const intent = work.get('payment_intent', id);
  assertStatus(work, intent, 'cancel', [...unpaid, 'requires_capture']);
  if (intent.status === 'requires_capture') {
    const charge = work.get('charge', intent.latest_charge ?? '');
    if (charge.amount_captured > 0) {
      throw unexpectedState(work, intent, 'You cannot cancel this PaymentIntent because part of it has been captured.');
    }
    releaseCharge(work, charge);
  }
  const canceled = work.save('payment_intent', {
    ...intent,
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: work.now,
    cancellation_reason: reason,
  });
  work.event('payment_intent.canceled', 'payment_intent', canceled);
  return canceled;
};

const base = '/v1/payment_intents';

export const paymentIntents = [
  shows('payment_intent', 'POST', base, {
    takes: creating,
    requires: ['amount', 'currency'],
    run: create,
  }),
  shows('payment_intent', 'GET', `${base}/:id`, {
    takes: { client_secret: string },
    run: (work, { client_secret }, id) => assertSecret(work.get('payment_intent', id), 'payment_intent', client_secret),
  }),
  shows('payment_intent', 'POST', `${base}/:id`, {
    takes: { ...changeable, ...described, amount: integerFrom(1) },
    run: update,
  }),
  shows('payment_intent', 'POST', `${base}/:id/confirm`, {
    takes: { ...changeable, ...confirming, amount_to_confirm: integerFrom(1), client_secret: string },
    run: confirm,
  }),
  shows('payment_intent', 'POST', `${base}/:id/capture`, {
    takes: capturing,
    run: capture,
  }),
  shows('payment_intent', 'POST', `${base}/:id/cancel`, {
    takes: canceling,
    run: (work, params, id) => cancel(work, params.cancellation_reason, id),
  }),
  lists('payment_intent', base, {
    takes: { created, customer: string, customer_account: shared.noAccounts },
    run: (work, params) => {
      assertKnown(work, 'customer', params.customer, 'customer');
      return pageOfKind(work, 'payment_intent', params, { owner: params.customer });
    },
  }),
];
