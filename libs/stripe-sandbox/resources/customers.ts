import { answers, lists, shows } from '../http/endpoint.js';
import { created, pageOfKind } from '../http/pages.js';
import { attachVerified, resolvePaymentMethod } from '../payments/payment-methods.js';
import { presentCustomer } from '../objects/customer.js';
import type { CustomerRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { resourceMissing } from '../wire/errors.js';
import {
  address,
  anyHash,
  boolean,
  hash,
  integer,
  integerFrom,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  shipping,
  string,
  stringUpTo,
  unsettable,
  unsupported,
} from '../wire/params.js';
import { listPaymentMethods, methodFilters } from './payment-methods.js';

const noSources = unsupported('payment methods have taken the place of sources');

const changeable = {
  address: unsettable(address),
  balance: integer,
  business_name: unsettable(stringUpTo(150)),
  cash_balance: unsupported('there is no cash balance'),
  description: unsettable(string),
  email: unsettable(stringUpTo(512)),
  individual_name: unsettable(stringUpTo(150)),
  invoice_prefix: stringUpTo(12),
  invoice_settings: hash({
    custom_fields: unsupported('invoices come later'),
    default_payment_method: string,
    footer: string,
    rendering_options: unsupported('invoices come later'),
  }),
  metadata,
  name: unsettable(stringUpTo(256)),
  next_invoice_sequence: integerFrom(1),
  phone: unsettable(stringUpTo(20)),
  preferred_locales: listOf(string),
  shipping: unsettable(shipping),
  source: noSources,
  tax: anyHash,
  tax_exempt: unsettable(oneOf('exempt', 'none', 'reverse')),
  validate: boolean,
};
type Change = Partial<{ [K in keyof typeof changeable]: ReturnType<(typeof changeable)[K]> }>;

/** Stripe compares addresses as they were written. */
const byEmail = (email: string): string => `email:${email}`;

/** `customer` with what the parameters say of it; null unsets. */
const applied = (work: Work, customer: CustomerRecord, params: Change): CustomerRecord => {
  const next: CustomerRecord = { ...customer, metadata: mergeMetadata(customer.metadata, params.metadata) };
  const fields = [
    'address',
    'balance',
    'business_name',
    'description',
    'email',
    'individual_name',
    'invoice_prefix',
    'name',
    'next_invoice_sequence',
    'phone',
    'preferred_locales',
    'shipping',
    'tax_exempt',
  ] as const;
  for (const field of fields) {
    if (params[field] !== undefined) Object.assign(next, { [field]: params[field] ?? undefined });
  }
  const { default_payment_method: method, footer } = params.invoice_settings ?? {};
  if (footer !== undefined) next.footer = footer;
  if (method !== undefined) {
    const known = work.get('payment_method', method, 'invoice_settings[default_payment_method]');
    if (known.customer !== customer.id) {
      throw resourceMissing('payment_method', method, 'invoice_settings[default_payment_method]');
    }
    next.default_payment_method = method;
  }
  return next;
};

const living = (work: Work, id: string): CustomerRecord => {
  const customer = work.get('customer', id);
  if (customer.deleted) throw resourceMissing('customer', id);
  return customer;
};

const create = (work: Work, params: Change & { payment_method?: string }): CustomerRecord => {
  const blank: CustomerRecord = { id: work.newId('customer'), created: work.now, metadata: {} };
  const method = params.payment_method === undefined ? undefined : resolvePaymentMethod(work, params.payment_method);
  const customer = work.save('customer', applied(work, blank, params));
  if (customer.email !== undefined) work.link(byEmail(customer.email), customer.id);
  work.event('customer.created', 'customer', customer);
  if (method) attachVerified(work, method, customer.id);
  return customer;
};

const update = (work: Work, params: Change, id: string): CustomerRecord => {
  const customer = living(work, id);
  const next = work.save('customer', applied(work, customer, params));
  if (next.email !== customer.email) {
    if (customer.email !== undefined) work.unlink(byEmail(customer.email), id);
    if (next.email !== undefined) work.link(byEmail(next.email), id);
  }
  const before = customer as unknown as Record<string, unknown>;
  const after = next as unknown as Record<string, unknown>;
  const changed = Object.keys({ ...before, ...after }).filter((field) => before[field] !== after[field]);
  work.event(
    'customer.updated',
    'customer',
    next,
    Object.fromEntries(changed.map((field) => [field, before[field] ?? null])),
  );
  return next;
};

const base = '/v1/customers';

export const customers = [
  shows('customer', 'POST', base, {
    takes: {
      ...changeable,
      payment_method: string,
      tax_id_data: unsupported('tax ids come later'),
      test_clock: unsupported('there are no test clocks'),
    },
    run: create,
  }),
  shows('customer', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => work.get('customer', id) }),
  shows('customer', 'POST', `${base}/:id`, {
    takes: { ...changeable, default_source: noSources },
    run: update,
  }),
  answers('DELETE', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => {
      const customer = living(work, id);
      // What it owns stays its own, but nothing of the person does.
      const deleted: CustomerRecord = { id, created: customer.created, metadata: {}, deleted: true };
      work.save('customer', deleted);
      if (customer.email !== undefined) work.unlink(byEmail(customer.email), id);
      work.event('customer.deleted', 'customer', customer);
      return presentCustomer(deleted);
    },
  }),
  lists('customer', base, {
    takes: { created, email: string, test_clock: unsupported('there are no test clocks') },
    run: (work, params) =>
      pageOfKind(work, 'customer', params, {
        owner: params.email === undefined ? undefined : byEmail(params.email),
        keep: (customer) => !customer.deleted,
      }),
  }),
  lists('payment_method', `${base}/:id/payment_methods`, {
    takes: methodFilters,
    run: (work, params, id) => listPaymentMethods(work, params, living(work, id).id),
  }),
];
