import Stripe from 'stripe';
import { testCardNames } from '../payments/test-cards.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

const ids = (list: { data: { id: string }[] }): string[] => list.data.map(({ id }) => id);

describe('customers', () => {
  it('are made, changed, found by email and deleted', async () => {
    const address = { line1: '1 Main Street', city: 'Köln', country: 'DE', postal_code: '50667' };
    const customer = await stripe.customers.create({
      email: 'ada+1@example.com',
      name: 'Ada',
      address,
      shipping: { name: 'Ada', address },
      metadata: { customerId: 'c-1' },
    });
    expect(customer).toMatchObject({ address: { ...address, line2: null, state: null }, name: 'Ada', livemode: false });
    expect(ids(await stripe.customers.list({ email: 'ada+1@example.com' }))).toEqual([customer.id]);
    const changed = await stripe.customers.update(customer.id, {
      email: 'ada@example.com',
      address: '',
      metadata: { x: 'y' },
    });
    expect(changed).toMatchObject({ email: 'ada@example.com', address: null, metadata: { customerId: 'c-1', x: 'y' } });
    expect(ids(await stripe.customers.list({ email: 'ada+1@example.com' }))).toEqual([]);
    expect(ids(await stripe.customers.list({ email: 'ada@example.com' }))).toEqual([customer.id]);
    const { data: updates } = await stripe.events.list({ type: 'customer.updated' });
    expect(updates[0]?.data.previous_attributes).toMatchObject({ email: 'ada+1@example.com' });

    expect(await stripe.customers.del(customer.id)).toEqual({ id: customer.id, object: 'customer', deleted: true });
    expect(await stripe.customers.retrieve(customer.id)).toEqual({
      id: customer.id,
      object: 'customer',
      deleted: true,
    });
    expect(ids(await stripe.customers.list({ email: 'ada@example.com' }))).toEqual([]);
    await expect(stripe.customers.update(customer.id, { name: 'x' })).rejects.toMatchObject({ statusCode: 404 });
    await expect(stripe.customers.del(customer.id)).rejects.toMatchObject({ code: 'resource_missing' });
    await expect(stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })).rejects.toMatchObject({
      code: 'resource_missing',
      param: 'customer',
    });
  });

  it('that do not exist are 404', async () => {
    await expect(stripe.customers.retrieve('cus_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: "No such customer: 'cus_none'",
    });
  });

  it('can be made with a payment method, and prefer one', async () => {
    const customer = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    const [method = ''] = ids(await stripe.customers.listPaymentMethods(customer.id));
    const changed = await stripe.customers.update(customer.id, {
      invoice_settings: { default_payment_method: method },
    });
    expect(changed.invoice_settings.default_payment_method).toBe(method);
  });
});

describe('payment methods', () => {
  it('from a token are new each time, of the same card', async () => {
    const [one, two] = await Promise.all([
      stripe.paymentMethods.create({
        type: 'card',
        card: { token: 'tok_visa' },
        billing_details: { name: 'Ada' },
        metadata: { a: '1' },
      }),
      stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } }),
    ]);
    expect(one.id).not.toBe(two.id);
    expect(one).toMatchObject({
      customer: null,
      billing_details: { name: 'Ada' },
      card: { brand: 'visa', country: 'US', funding: 'credit' },
    });
    expect(one.card?.fingerprint).toBe(two.card?.fingerprint);
    const other = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_mastercard' } });
    expect(other.card?.fingerprint).not.toBe(one.card?.fingerprint);
  });

  it('are attached, listed by type, changed, detached, and then never used again', async () => {
    const { id: customer } = await stripe.customers.create({});
    const card = await stripe.paymentMethods.attach('pm_card_amex', { customer });
    const bank = await stripe.paymentMethods.create({
      type: 'us_bank_account',
      us_bank_account: { account_holder_type: 'company', account_number: '000123456789', routing_number: '110000000' },
      billing_details: { name: 'Ada' },
    });
    await stripe.paymentMethods.attach(bank.id, { customer });
    expect(ids(await stripe.customers.listPaymentMethods(customer))).toEqual([bank.id, card.id]);
    expect(ids(await stripe.customers.listPaymentMethods(customer, { type: 'card' }))).toEqual([card.id]);
    expect(ids(await stripe.paymentMethods.list({ customer, type: 'us_bank_account' }))).toEqual([bank.id]);
    const changed = await stripe.paymentMethods.update(card.id, {
      card: { exp_month: 3, exp_year: 2040 },
      metadata: { a: '1' },
    });
    expect(changed).toMatchObject({ card: { exp_month: 3, exp_year: 2040, brand: 'amex' }, metadata: { a: '1' } });
    expect(await stripe.paymentMethods.detach(card.id)).toMatchObject({ customer: null });
    expect(ids(await stripe.customers.listPaymentMethods(customer))).toEqual([bank.id]);
    await expect(stripe.paymentMethods.attach(card.id, { customer })).rejects.toThrow('may not be used again');
    await expect(stripe.paymentMethods.detach(card.id)).rejects.toThrow('not attached');
  });

  it('that belong to one customer cannot be attached to another', async () => {
    const [one, other] = await Promise.all([stripe.customers.create({}), stripe.customers.create({})]);
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: one.id });
    expect(await stripe.paymentMethods.attach(method.id, { customer: one.id })).toMatchObject({ customer: one.id });
    await expect(stripe.paymentMethods.attach(method.id, { customer: other.id })).rejects.toThrow(
      'already been attached',
    );
  });

  it.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
  ])('%s cannot be attached: its bank declines', async (token, code, decline_code) => {
    const { id: customer } = await stripe.customers.create({});
    await expect(stripe.paymentMethods.attach(token, { customer })).rejects.toMatchObject({
      statusCode: 402,
      type: 'StripeCardError',
      code,
      decline_code,
    });
    expect(ids(await stripe.customers.listPaymentMethods(customer))).toEqual([]);
  });

  it('pm_card_chargeCustomerFail is attached, and declined when charged', async () => {
    const { id: customer } = await stripe.customers.create({});
    const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
    await expect(
      stripe.paymentIntents.create({
        amount: 500,
        currency: 'usd',
        customer,
        payment_method: method.id,
        confirm: true,
      }),
    ).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect(ids(await stripe.customers.listPaymentMethods(customer))).toEqual([method.id]);
  });

  it('exist for every test card', async () => {
    for (const name of testCardNames()) {
      const method = await stripe.paymentMethods.create({ type: 'card', card: { token: `tok_${name}` } });
      expect(method.card?.last4).toMatch(/^\d{4}$/);
    }
  });

  it('are not made from card numbers, nor from tokens that do not exist', async () => {
    await expect(
      stripe.paymentMethods.create({
        type: 'card',
        card: { number: '4242424242424242', exp_month: 1, exp_year: 2040 },
      }),
    ).rejects.toThrow('generally unsafe');
    await expect(stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_none' } })).rejects.toMatchObject({
      code: 'resource_missing',
    });
    await expect(stripe.paymentMethods.create({ type: 'klarna' })).rejects.toMatchObject({ param: 'type' });
  });
});
