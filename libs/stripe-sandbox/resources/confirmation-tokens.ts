import { shows } from '../http/endpoint.js';
import { confirmationToken, TOKEN_LIFE_SECONDS } from '../payments/confirmation-tokens.js';
import { assertUsableBy, resolvePaymentMethod } from '../payments/payment-methods.js';
import type { ConfirmationTokenRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { parameterMissing } from '../wire/errors.js';
import { address, anyHash, boolean, hash, metadata, oneOf, string, unsettable } from '../wire/params.js';
import { bankFactsIn, testAccountIn } from './bank-accounts.js';
import { cardFacts, typedCard } from './typed-card.js';
import * as shared from './intent-params.js';

/** What the form's own page sends: with the card as the customer typed it, which goes no further than this request. */
const typedMethod = hash(
  {
    allow_redisplay: shared.allowRedisplay,
    billing_details: shared.billingDetails,
    card: typedCard,
    metadata,
    type: oneOf('card', 'us_bank_account'),
    us_bank_account: shared.bankAccount,
  },
  ['type'],
);

const described = {
  return_url: string,
  setup_future_usage: shared.futureUsage,
  shipping: hash({ address, name: string, phone: unsettable(string) }, ['address', 'name']),
};
type Described = { [K in keyof typeof described]?: ReturnType<(typeof described)[K]> };

const keep = (
  work: Work,
  params: Described,
  token: Pick<ConfirmationTokenRecord, 'method' | 'payment_method' | 'use_stripe_sdk'>,
): ConfirmationTokenRecord => {
  const { return_url, setup_future_usage, shipping } = params;
  return work.save('confirmation_token', {
    id: work.newId('confirmation_token'),
    created: work.now,
    expires_at: work.now + TOKEN_LIFE_SECONDS,
    ...(return_url !== undefined && { return_url }),
    ...(setup_future_usage !== undefined && { setup_future_usage }),
    ...(shipping !== undefined && { shipping }),
    ...token,
  });
};

type Typed = ReturnType<typeof typedMethod>;

const methodTyped = (work: Work, data: Typed): ConfirmationTokenRecord['method'] => {
  const { type, billing_details, allow_redisplay } = data;
  const given = { type, billing_details, allow_redisplay };
  if (type === 'us_bank_account') {
    return { ...given, test: testAccountIn(data.us_bank_account), ...bankFactsIn(data.us_bank_account) };
  }
  if (!data.card) throw parameterMissing('payment_method_data[card]');
  return { ...given, ...cardFacts(data.card, new Date(work.now_ms)) };
};

/** The method of a token that a test makes on the server: of a payment method, or of a bank account in place. */
const methodOf = (
  work: Work,
  params: { payment_method?: string; payment_method_data?: ReturnType<typeof shared.methodData> },
): Pick<ConfirmationTokenRecord, 'method' | 'payment_method'> => {
  const data = params.payment_method_data;
  if (data) return { method: methodTyped(work, { ...data, card: undefined }) };
  if (params.payment_method === undefined) throw parameterMissing('payment_method');
  const found = resolvePaymentMethod(work, params.payment_method);
  assertUsableBy(found, found.customer);
  const {
    id,
    created: _created,
    metadata: _metadata,
    set_up: _setUp,
    spent: _spent,
    account: _account,
    ...method
  } = found;
  return { method, payment_method: id };
};

const base = '/v1/confirmation_tokens';

export const confirmationTokens = [
  // Of the payment form, with a publishable key: see http/publishable.ts.
  shows('confirmation_token', 'POST', base, {
    takes: {
      ...described,
      payment_method_data: typedMethod,
      use_stripe_sdk: boolean,
      client_attribution_metadata: anyHash,
    },
    requires: ['payment_method_data'],
    run: (work, params) =>
      keep(work, params, { method: methodTyped(work, params.payment_method_data), use_stripe_sdk: true }),
  }),
  shows('confirmation_token', 'GET', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => confirmationToken(work, id),
  }),
  shows('confirmation_token', 'POST', '/v1/test_helpers/confirmation_tokens', {
    takes: {
      ...described,
      payment_method: string,
      payment_method_data: shared.methodData,
      payment_method_options: shared.methodOptions,
    },
    run: (work, params) => keep(work, params, methodOf(work, params)),
  }),
];
