import { lists, shows } from '../http/endpoint.js';
import type { Page, PageParams } from '../http/pages.js';
import { assertKnown, pageOfKind } from '../http/pages.js';
import { attachVerified, detach, newPaymentMethod, resolvePaymentMethod } from '../payments/payment-methods.js';
import { testCardNamed } from '../payments/test-cards.js';
import type { PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, parameterMissing, refused } from '../wire/errors.js';
import type { Reader } from '../wire/params.js';
import { hash, integerFrom, mergeMetadata, metadata, oneOf, string, unsettable, unsupported } from '../wire/params.js';
import { bankFactsIn, testAccountIn } from './bank-accounts.js';
import * as shared from './intent-params.js';

/** A sandbox wants no card numbers, not even test ones: they would end up in its books. */
const rawCard: Reader<never> = (_raw, param) => {
  throw invalidParameter(
    param,
    'Sending credit card numbers directly to the Stripe API is generally unsafe. To continue processing use Stripe.js, the Stripe ' +
      'mobile bindings, or Stripe Elements. In the sandbox, send a token: card[token]=tok_visa.',
  );
};

const month: Reader<number> = (raw, param) => {
  const value = integerFrom(1)(raw, param);
  if (value > 12) throw invalidParameter(param, "Your card's expiration month is invalid.", 'invalid_expiry_month');
  return value;
};
const networks = hash({ preferred: unsettable(oneOf('cartes_bancaires', 'mastercard', 'visa')) });
const notActivated = unsupported('this type of payment method is not activated');

const creating = {
  ...shared.forOtherTypes(notActivated),
  allow_redisplay: shared.allowRedisplay,
  billing_details: shared.billingDetails,
  card: hash({ cvc: rawCard, exp_month: rawCard, exp_year: rawCard, networks, number: rawCard, token: string }, [
    'token',
  ]),
  customer: unsupported('payment methods are shared with connected accounts only'),
  metadata,
  payment_method: unsupported('payment methods are shared with connected accounts only'),
  radar_options: hash({ session: string }),
  type: oneOf('card', 'us_bank_account'),
  us_bank_account: shared.bankAccount,
};

const create = (
  work: Work,
  params: { [K in keyof typeof creating]?: ReturnType<(typeof creating)[K]> },
): PaymentMethodRecord => {
  const given = {
    metadata: params.metadata ?? {},
    billing_details: params.billing_details,
    allow_redisplay: params.allow_redisplay,
  };
  const { type } = params;
  if (type === 'us_bank_account') {
    const bank = params.us_bank_account;
    const account = { ...given, ...bankFactsIn(bank) };
    return work.save('payment_method', newPaymentMethod(work, type, testAccountIn(bank), account));
  }
  const token = params.card?.token;
  if (token === undefined) throw parameterMissing('card');
  const name = token.startsWith('tok_') ? testCardNamed(token) : undefined;
  if (name === undefined) throw refused(`No such token: '${token.slice(0, 80)}'`, 'resource_missing', 'card[token]');
  return work.save('payment_method', newPaymentMethod(work, 'card', name, given));
};

const updating = {
  allow_redisplay: shared.allowRedisplay,
  billing_details: shared.billingDetails,
  card: hash({ exp_month: month, exp_year: integerFrom(2000), networks }),
  metadata,
  us_bank_account: hash({
    account_holder_type: oneOf('company', 'individual'),
    account_type: oneOf('checking', 'savings'),
  }),
};

const update = (
  work: Work,
  params: { [K in keyof typeof updating]?: ReturnType<(typeof updating)[K]> },
  id: string,
): PaymentMethodRecord => {
  const method = work.get('payment_method', id);
  if (method.customer === undefined) {
    throw refused(
      'You must save this PaymentMethod to a customer before you can update it.',
      'payment_method_unexpected_state',
    );
  }
  const { card, us_bank_account, billing_details, allow_redisplay } = params;
  const updated = work.save('payment_method', {
    ...method,
    metadata: mergeMetadata(method.metadata, params.metadata),
    ...(card?.exp_month !== undefined && { exp_month: card.exp_month }),
    ...(card?.exp_year !== undefined && { exp_year: card.exp_year }),
    ...us_bank_account,
    ...(billing_details && { billing_details: { ...method.billing_details, ...billing_details } }),
    ...(allow_redisplay !== undefined && { allow_redisplay }),
  });
  work.event('payment_method.updated', 'payment_method', updated);
  return updated;
};

export const methodFilters = { allow_redisplay: shared.allowRedisplay, type: string };

/** The payment methods of a customer, or all of them. */
export const listPaymentMethods = (
  work: Work,
  params: PageParams & { allow_redisplay?: string; type?: string },
  customer: string | undefined,
): Page<'payment_method'> =>
  pageOfKind(work, 'payment_method', params, {
    owner: customer,
    keep: (method) =>
      (params.type === undefined || method.type === params.type) &&
      (params.allow_redisplay === undefined || (method.allow_redisplay ?? 'unspecified') === params.allow_redisplay),
  });

const base = '/v1/payment_methods';

export const paymentMethods = [
  shows('payment_method', 'POST', base, { takes: creating, requires: ['type'], run: create }),
  shows('payment_method', 'GET', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => work.get('payment_method', id),
  }),
  shows('payment_method', 'POST', `${base}/:id`, {
    takes: updating,
    run: update,
  }),
  shows('payment_method', 'POST', `${base}/:id/attach`, {
    takes: { customer: string, customer_account: shared.noAccounts },
    requires: ['customer'],
    run: (work, params, id) => {
      work.get('customer', params.customer, 'customer');
      return attachVerified(work, resolvePaymentMethod(work, id, 'id'), params.customer);
    },
  }),
  shows('payment_method', 'POST', `${base}/:id/detach`, {
    takes: {},
    run: (work, _params, id) => detach(work, work.get('payment_method', id)),
  }),
  shows('payment_method', 'POST', '/sandbox/payment_methods/:id/renew', {
    takes: { exp_month: month, exp_year: integerFrom(2000) },
    run: (work, params, id) => {
      const method = work.get('payment_method', id);
      const before = { exp_month: method.exp_month ?? 12, exp_year: method.exp_year ?? 2034 };
      const { exp_month = before.exp_month, exp_year = before.exp_year + 3 } = params;
      const renewed = work.save('payment_method', { ...method, exp_month, exp_year });
      work.event('payment_method.automatically_updated', 'payment_method', renewed, { card: before });
      return renewed;
    },
  }),
  lists('payment_method', base, {
    takes: { ...methodFilters, customer: string, customer_account: shared.noAccounts },
    run: (work, params) => {
      assertKnown(work, 'customer', params.customer, 'customer');
      return listPaymentMethods(work, params, params.customer);
    },
  }),
];
