import { lists, shows } from '../http/endpoint.js';
import { assertKnown, created, pageOfKind } from '../http/pages.js';
import { presentSetupIntent } from '../objects/intents.js';
import { attemptSetup } from '../payments/setup.js';
import { randomText } from '../state/ids.js';
import type { SetupIntentRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, StripeError } from '../wire/errors.js';
import { boolean, listOf, mergeMetadata, metadata, oneOf, string, unsettable, unsupported } from '../wire/params.js';
import { assertSecret } from './client-secrets.js';
import { assertTypeAllowed, methodGiven, withConfirmationToken } from './intent-methods.js';
import * as shared from './intent-params.js';

const changeable = {
  allowed_payment_method_types: unsettable(shared.allowedTypes),
  payment_method: string,
  payment_method_data: shared.methodData,
  payment_method_options: shared.methodOptions,
};
const described = {
  attach_to_self: unsupported('connected accounts come later'),
  customer: string,
  customer_account: shared.noAccounts,
  description: string,
  excluded_payment_method_types: unsettable(shared.excludedTypes),
  flow_directions: listOf(oneOf('inbound', 'outbound')),
  metadata,
  payment_method_configuration: unsupported('there is one configuration, with cards and US bank accounts'),
};
const confirming = {
  confirmation_token: string,
  mandate_data: shared.mandateData,
  return_url: string,
  use_stripe_sdk: boolean,
};
const creating = {
  ...changeable,
  ...described,
  ...confirming,
  automatic_payment_methods: shared.automaticPaymentMethods,
  confirm: boolean,
  on_behalf_of: shared.noConnect,
  single_use: unsupported('mandates are not objects here'),
  usage: oneOf('off_session', 'on_session'),
};
type Change = Partial<{ [K in keyof typeof creating]: ReturnType<(typeof creating)[K]> }>;

const unexpectedState = (work: Work, intent: SetupIntentRecord, message: string): StripeError =>
  new StripeError(400, {
    type: 'invalid_request_error',
    code: 'setup_intent_unexpected_state',
    message,
    setup_intent: presentSetupIntent(intent, work),
  });

const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'] as const;

const assertOpen = (work: Work, intent: SetupIntentRecord, verb: string): void => {
  if (open.some((status) => status === intent.status)) return;
  throw unexpectedState(
    work,
    intent,
    `You cannot ${verb} this SetupIntent because it has a status of ${intent.status}. It must have one of the following statuses: ${open.join(', ')}.`,
  );
};

/** `intent` with what the parameters say of it. */
const applied = (work: Work, intent: SetupIntentRecord, params: Change): SetupIntentRecord => {
  if (params.customer !== undefined) work.get('customer', params.customer, 'customer');
  const next: SetupIntentRecord = {
    ...intent,
    metadata: mergeMetadata(intent.metadata, params.metadata),
    payment_method_options: shared.mergeOptions(intent.payment_method_options, params.payment_method_options),
  };
  const fields = [
    'allowed_payment_method_types',
    'customer',
    'description',
    'excluded_payment_method_types',
    'flow_directions',
    'return_url',
    'usage',
    'use_stripe_sdk',
  ] as const;
  for (const field of fields) {
    if (params[field] !== undefined) Object.assign(next, { [field]: params[field] ?? undefined });
  }
  const method = methodGiven(work, params, next.customer);
  if (!method) return next;
  assertTypeAllowed(next, method, 'setup_intent_invalid_parameter');
  if (method.id !== intent.payment_method) work.link(method.id, intent.id);
  return { ...next, payment_method: method.id, status: 'requires_confirmation' };
};

const setUp = (work: Work, intent: SetupIntentRecord): SetupIntentRecord => {
  if (intent.payment_method === undefined) {
    throw unexpectedState(
      work,
      intent,
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
    );
  }
  return attemptSetup(work, intent, work.get('payment_method', intent.payment_method));
};

const create = (work: Work, given: Change): SetupIntentRecord => {
  const id = work.newId('setup_intent');
  if (given.confirmation_token !== undefined && given.confirm !== true) {
    throw invalidParameter(
      'confirmation_token',
      "The parameter 'confirmation_token' cannot be passed when creating a SetupIntent unless `confirm` is set to true.",
    );
  }
  const params = withConfirmationToken(work, given, 'setup_intent', id);
  const blank: SetupIntentRecord = {
    id,
    created: work.now,
    client_secret: `${id}_secret_${randomText(25)}`,
    status: 'requires_payment_method',
    usage: 'off_session',
    metadata: {},
    automatic_payment_methods: params.automatic_payment_methods && {
      allow_redirects: 'always',
      ...params.automatic_payment_methods,
    },
  };
  const intent = applied(work, blank, params);
  if (params.confirm === true && intent.payment_method === undefined) return setUp(work, intent);
  work.save('setup_intent', intent);
  if (intent.customer !== undefined) work.link(intent.customer, id);
  work.event('setup_intent.created', 'setup_intent', intent);
  return params.confirm === true ? setUp(work, intent) : intent;
};

const update = (work: Work, params: Change, id: string): SetupIntentRecord => {
  const intent = work.get('setup_intent', id);
  assertOpen(work, intent, 'update');
  const next = applied(work, intent, params);
  if (next.customer !== undefined && next.customer !== intent.customer) {
    if (intent.customer !== undefined) work.unlink(intent.customer, id);
    work.link(next.customer, id);
  }
  return work.save('setup_intent', next);
};

const cancel = (work: Work, reason: string | undefined, id: string): SetupIntentRecord => {
  const intent = work.get('setup_intent', id);
  assertOpen(work, intent, 'cancel');
  const canceled = work.save('setup_intent', { ...intent, status: 'canceled', cancellation_reason: reason });
  work.event('setup_intent.canceled', 'setup_intent', canceled);
  return canceled;
};

const canceling = { cancellation_reason: oneOf('abandoned', 'duplicate', 'requested_by_customer') };
const base = '/v1/setup_intents';

export const setupIntents = [
  shows('setup_intent', 'POST', base, { takes: creating, run: create }),
  shows('setup_intent', 'GET', `${base}/:id`, {
    takes: { client_secret: string },
    run: (work, { client_secret }, id) => assertSecret(work.get('setup_intent', id), 'setup_intent', client_secret),
  }),
  shows('setup_intent', 'POST', `${base}/:id`, { takes: { ...changeable, ...described }, run: update }),
  shows('setup_intent', 'POST', `${base}/:id/confirm`, {
    takes: { ...changeable, ...confirming, client_secret: string },
    run: (work, params, id) => {
      const intent = work.get('setup_intent', id);
      assertSecret(intent, 'setup_intent', params.client_secret);
      assertOpen(work, intent, 'confirm');
      return setUp(work, applied(work, intent, withConfirmationToken(work, params, 'setup_intent', id)));
    },
  }),
  shows('setup_intent', 'POST', `${base}/:id/cancel`, {
    takes: canceling,
    run: (work, params, id) => cancel(work, params.cancellation_reason, id),
  }),
  lists('setup_intent', base, {
    takes: {
      attach_to_self: unsupported('connected accounts come later'),
      created,
      customer: string,
      customer_account: shared.noAccounts,
      payment_method: string,
    },
    run: (work, params) => {
      const { customer, payment_method } = params;
      assertKnown(work, 'customer', customer, 'customer');
      assertKnown(work, 'payment_method', payment_method, 'payment_method');
      return pageOfKind(work, 'setup_intent', params, {
        owner: payment_method ?? customer,
        keep: (intent) =>
          (customer === undefined || intent.customer === customer) &&
          (payment_method === undefined || intent.payment_method === payment_method),
      });
    },
  }),
];
