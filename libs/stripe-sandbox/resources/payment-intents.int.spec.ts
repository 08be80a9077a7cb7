import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

const pay = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 1_000,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: true,
    capture_method: 'automatic',
    ...more,
  });

const chargeOf = (intent: Stripe.PaymentIntent): Promise<Stripe.Charge> =>
  stripe.charges.retrieve(intent.latest_charge as string);

const errorOf = async (promise: Promise<unknown>): Promise<Stripe.StripeRawError & { statusCode?: number }> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) {
      return { ...(error.raw as Stripe.StripeRawError), statusCode: error.statusCode };
    }
    throw error;
  }
  throw new Error('The request was not refused');
};

const eventsOf = async (id: string): Promise<string[]> => {
  const events = await stripe.events.list({ limit: 100 });
  return events.data
    .filter(({ data }) => {
      const object = data.object as { id?: string; payment_intent?: string };
      return object.id === id || object.payment_intent === id;
    })
    .map(({ type }) => type)
    .reverse();
};

describe('a payment', () => {
  it('succeeds at once, with its charge and the balance transaction of it', async () => {
    const customer = await stripe.customers.create({ email: 'jürgen@example.com' });
    const method = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
    const intent = await pay({
      customer: customer.id,
      payment_method: method.id,
      metadata: { tenantId: 't-1', ключ: 'значение' },
      description: 'An order & more',
      expand: ['latest_charge.balance_transaction', 'payment_method', 'customer'],
    });
    expect(intent).toMatchObject({
      object: 'payment_intent',
      status: 'succeeded',
      amount: 1_000,
      amount_received: 1_000,
      amount_capturable: 0,
      customer: { id: customer.id, email: 'jürgen@example.com' },
      payment_method: { id: method.id, card: { brand: 'mastercard', last4: '4444' } },
      metadata: { tenantId: 't-1', ключ: 'значение' },
      latest_charge: {
        status: 'succeeded',
        captured: true,
        paid: true,
        amount_captured: 1_000,
        description: 'An order & more',
        metadata: { tenantId: 't-1' },
        balance_transaction: {
          amount: 1_000,
          fee: 59,
          net: 941,
          exchange_rate: null,
          status: 'pending',
          type: 'charge',
        },
      },
    });
    const charge = intent.latest_charge as Stripe.Charge;
    const transaction = charge.balance_transaction as Stripe.BalanceTransaction;
    expect(transaction.available_on).toBe(transaction.created + 2 * 24 * 60 * 60);
    expect(await eventsOf(intent.id)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });

  it('captured asynchronously, as is the default, has its balance transaction later', async () => {
    const intent = await pay({ capture_method: undefined });
    expect(intent).toMatchObject({ capture_method: 'automatic_async', status: 'succeeded', amount_received: 1_000 });
    expect(await chargeOf(intent)).toMatchObject({ captured: true, amount_captured: 1_000, balance_transaction: null });
    await sandbox.tell('settle', {});
    const { balance_transaction } = await chargeOf(intent);
    expect(await stripe.balanceTransactions.retrieve(balance_transaction as string)).toMatchObject({ net: 941 });
    expect(await eventsOf(intent.id)).toContain('charge.updated');
  });

  it('goes from method to confirmation step by step', async () => {
    const created = await stripe.paymentIntents.create({ amount: 700, currency: 'EUR' });
    expect(created).toMatchObject({ status: 'requires_payment_method', currency: 'eur', latest_charge: null });
    expect((await errorOf(stripe.paymentIntents.confirm(created.id))).code).toBe('payment_intent_unexpected_state');
    const updated = await stripe.paymentIntents.update(created.id, {
      payment_method: 'pm_card_visa',
      amount: 900,
      metadata: { a: '1', b: '2' },
    });
    expect(updated).toMatchObject({ status: 'requires_confirmation', amount: 900 });
    expect((await stripe.paymentIntents.update(created.id, { metadata: { a: '' } })).metadata).toEqual({ b: '2' });
    const confirmed = await stripe.paymentIntents.confirm(created.id);
    expect(confirmed).toMatchObject({ status: 'succeeded', amount_received: 900 });
    const refused = await errorOf(stripe.paymentIntents.update(created.id, { amount: 100 }));
    expect(refused).toMatchObject({ type: 'invalid_request_error', code: 'payment_intent_unexpected_state' });
    expect((await errorOf(stripe.paymentIntents.confirm(created.id))).code).toBe('payment_intent_unexpected_state');
  });

  it("cannot be made with somebody else's method, or with one that was used without a customer", async () => {
    const [one, other] = await Promise.all([stripe.customers.create({}), stripe.customers.create({})]);
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: one.id });
    await expect(pay({ customer: other.id, payment_method: method.id })).rejects.toThrow(
      'must be attached to the customer',
    );
    await expect(pay({ payment_method: method.id })).rejects.toThrow('belongs to a Customer');
    const used = await pay();
    await expect(pay({ payment_method: used.payment_method as string })).rejects.toThrow('may not be used again');
    await expect(pay({ customer: 'cus_nobody' })).rejects.toMatchObject({
      code: 'resource_missing',
      param: 'customer',
    });
    await expect(pay({ payment_method: 'pm_nothing' })).rejects.toMatchObject({
      code: 'resource_missing',
      statusCode: 400,
    });
  });

  it('keeps the method with the customer when it is for future use', async () => {
    const customer = await stripe.customers.create({});
    const intent = await pay({ customer: customer.id, setup_future_usage: 'off_session' });
    const { data } = await stripe.customers.listPaymentMethods(customer.id);
    expect(data.map(({ id }) => id)).toEqual([intent.payment_method]);
    expect(await pay({ customer: customer.id, payment_method: data[0]?.id, off_session: true })).toMatchObject({
      status: 'succeeded',
    });
  });

  it('by bank debit is processing first', async () => {
    const intent = await pay({ payment_method: 'pm_usBankAccount' });
    expect(intent).toMatchObject({ status: 'processing', amount_received: 0, processing: null });
    expect(await chargeOf(intent)).toMatchObject({ status: 'pending', paid: false });
    await sandbox.tell('settle', {});
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'succeeded',
      amount_received: 1_000,
    });
    expect(await eventsOf(intent.id)).toEqual([
      'payment_intent.created',
      'charge.pending',
      'payment_intent.processing',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });

  it('by bank debit settles by itself after the delay', async () => {
    const quick = await startSpecSandbox({ settleDelay_ms: 30 });
    const client = new Stripe('sk_test_123', quick.client);
    const { id } = await client.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      payment_method: 'pm_usBankAccount',
      confirm: true,
    });
    let status = '';
    for (let look = 0; look < 100 && status !== 'succeeded'; look++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ({ status } = await client.paymentIntents.retrieve(id));
    }
    expect(status).toBe('succeeded');
    await quick.discard();
  });
});

describe('amounts', () => {
  it.each([
    [49, 'usd', 'amount_too_small'],
    [29, 'gbp', 'amount_too_small'],
    [100_000_000, 'usd', 'amount_too_large'],
    [0, 'usd', 'parameter_invalid_integer'],
    [-5, 'usd', 'parameter_invalid_integer'],
    [1.5, 'usd', 'parameter_invalid_integer'],
    [1_001, 'kwd', 'parameter_invalid_integer'],
    [1_050, 'isk', 'parameter_invalid_integer'],
    [150, 'ugx', 'parameter_invalid_integer'],
  ])('%p %s is refused as %s', async (amount, currency, code) => {
    expect(await errorOf(pay({ amount, currency }))).toMatchObject({
      type: 'invalid_request_error',
      code,
      param: 'amount',
    });
  });

  it.each([
    [50, 'usd'],
    [99_999_999, 'usd'],
    [50, 'jpy'],
    [1_010, 'kwd'],
    [1_100, 'isk'],
    [999_999_999_999, 'idr'],
  ])('%p %s is taken', async (amount, currency) => {
    expect((await pay({ amount, currency })).amount_received).toBe(amount);
  });

  it('in a currency that does not exist are refused', async () => {
    const error = await errorOf(pay({ currency: 'xxx' }));
    expect(error).toMatchObject({ param: 'currency', statusCode: 400 });
    expect(error.message).toMatch(/^Invalid currency: xxx/);
  });
});

describe('a payment captured later', () => {
  const hold = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) => pay({ capture_method: 'manual', ...more });

  it('is captured in full', async () => {
    const held = await hold();
    expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 1_000, amount_received: 0 });
    expect(await chargeOf(held)).toMatchObject({ captured: false, amount_captured: 0, balance_transaction: null });
    const captured = await stripe.paymentIntents.capture(held.id);
    expect(captured).toMatchObject({ status: 'succeeded', amount_capturable: 0, amount_received: 1_000 });
    expect(await chargeOf(held)).toMatchObject({
      captured: true,
      amount_captured: 1_000,
      amount_refunded: 0,
      refunded: false,
    });
    expect(await eventsOf(held.id)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.amount_capturable_updated',
      'charge.captured',
      'payment_intent.succeeded',
    ]);
    expect((await errorOf(stripe.paymentIntents.capture(held.id))).code).toBe('payment_intent_unexpected_state');
  });

  it('is captured in part, and the rest is released as a refund that moves no money', async () => {
    const held = await hold();
    const captured = await stripe.paymentIntents.capture(held.id, {
      amount_to_capture: 600,
      expand: ['latest_charge.balance_transaction'],
    });
    expect(captured).toMatchObject({
      amount_received: 600,
      amount_capturable: 0,
      latest_charge: {
        amount: 1_000,
        amount_captured: 600,
        amount_refunded: 400,
        balance_transaction: { amount: 600, fee: 47 },
      },
    });
    const { data } = await stripe.refunds.list({ payment_intent: held.id });
    expect(data).toMatchObject([{ amount: 400, balance_transaction: null, status: 'succeeded' }]);
    expect((await errorOf(stripe.refunds.create({ payment_intent: held.id, amount: 601 }))).param).toBe('amount');
    await stripe.refunds.create({ payment_intent: held.id, amount: 600 });
    expect(await chargeOf(held)).toMatchObject({ amount_refunded: 1_000, refunded: true });
  });

  it('cannot be captured beyond what was authorized', async () => {
    const held = await hold();
    expect(await errorOf(stripe.paymentIntents.capture(held.id, { amount_to_capture: 1_001 }))).toMatchObject({
      code: 'amount_too_large',
      param: 'amount_to_capture',
    });
    expect((await errorOf(stripe.paymentIntents.capture(held.id, { amount_to_capture: 0 }))).code).toBe(
      'parameter_invalid_integer',
    );
  });

  it('is captured several times where multicapture is available', async () => {
    const single = await hold();
    expect(
      (await errorOf(stripe.paymentIntents.capture(single.id, { amount_to_capture: 100, final_capture: false }))).param,
    ).toBe('final_capture');
    const held = await hold({ payment_method_options: { card: { request_multicapture: 'if_available' } } });
    const first = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 300, final_capture: false });
    expect(first).toMatchObject({ status: 'requires_capture', amount_capturable: 700, amount_received: 300 });
    expect((await errorOf(stripe.paymentIntents.cancel(held.id))).code).toBe('payment_intent_unexpected_state');
    const second = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 500 });
    expect(second).toMatchObject({ status: 'succeeded', amount_capturable: 0, amount_received: 800 });
    const { data } = await stripe.balanceTransactions.list({ source: held.latest_charge as string });
    expect(data.map(({ amount }) => amount)).toEqual([500, 300]);
  });

  it('can be canceled, which releases it', async () => {
    const held = await hold();
    const canceled = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'requested_by_customer' });
    expect(canceled).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'requested_by_customer',
      amount_capturable: 0,
    });
    expect(canceled.canceled_at).toBeGreaterThan(0);
    expect(await chargeOf(held)).toMatchObject({
      captured: false,
      amount_captured: 0,
      amount_refunded: 1_000,
      refunded: true,
    });
    expect((await errorOf(stripe.paymentIntents.capture(held.id))).code).toBe('payment_intent_unexpected_state');
    expect((await errorOf(stripe.paymentIntents.cancel(held.id))).code).toBe('payment_intent_unexpected_state');
    expect((await errorOf(stripe.refunds.create({ payment_intent: held.id }))).statusCode).toBe(400);
  });

  it('cannot be canceled once it is paid', async () => {
    const paid = await pay();
    expect(await errorOf(stripe.paymentIntents.cancel(paid.id))).toMatchObject({
      code: 'payment_intent_unexpected_state',
      payment_intent: { id: paid.id, status: 'succeeded' },
    });
  });
});

describe('a declined payment', () => {
  it.each([
    ['chargeDeclined', 'card_declined', 'generic_decline'],
    ['visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
    ['visa_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
    ['chargeDeclinedFraudulent', 'card_declined', 'fraudulent'],
    ['chargeCustomerFail', 'card_declined', 'generic_decline'],
  ])('with pm_card_%s answers %s, %s', async (token, code, decline_code) => {
    const error = await errorOf(pay({ payment_method: `pm_card_${token}` }));
    expect(error).toMatchObject({ type: 'card_error', statusCode: 402, code, decline_code });
    expect(error.payment_intent).toMatchObject({ status: 'requires_payment_method', payment_method: null });
    expect(error.payment_intent?.last_payment_error).toMatchObject({ code, decline_code, charge: error.charge });
    const charge = await stripe.charges.retrieve(error.charge ?? '');
    expect(charge).toMatchObject({
      status: 'failed',
      paid: false,
      captured: false,
      failure_code: code,
      amount_captured: 0,
    });
  });

  it('can be tried again with another method, and lists both charges', async () => {
    const failed = await errorOf(pay({ payment_method: 'pm_card_chargeDeclined' }));
    const id = failed.payment_intent?.id ?? '';
    const paid = await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null });
    const { data } = await stripe.charges.list({ payment_intent: id });
    expect(data.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
    expect(await eventsOf(id)).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });
});

describe('authentication', () => {
  it('is asked for, then the payment goes through', async () => {
    const intent = await pay({ payment_method: 'pm_card_authenticationRequired' });
    expect(intent).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'use_stripe_sdk' },
      latest_charge: null,
    });
    await sandbox.tell(`payment_intents/${intent.id}/authenticate`, { outcome: 'succeed' });
    const paid = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
    expect(paid).toMatchObject({
      status: 'succeeded',
      next_action: null,
      latest_charge: { payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } } },
    });
  });

  it('that the customer does not pass asks for another method', async () => {
    const intent = await pay({ payment_method: 'pm_card_threeDSecure2Required' });
    await sandbox.tell(`payment_intents/${intent.id}/authenticate`, { outcome: 'fail' });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    await expect(sandbox.tell(`payment_intents/${intent.id}/authenticate`, { outcome: 'fail' })).rejects.toThrow('400');
  });

  it('may be passed and the bank declines all the same', async () => {
    const intent = await pay({ payment_method: 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds' });
    const after = await sandbox.tell(`payment_intents/${intent.id}/authenticate`, { outcome: 'succeed' });
    expect(after).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { decline_code: 'insufficient_funds' },
    });
  });

  it('is a decline where the customer is not there, or actions are errors', async () => {
    const away = await errorOf(pay({ payment_method: 'pm_card_authenticationRequired', off_session: true }));
    expect(away).toMatchObject({ code: 'authentication_required', statusCode: 402 });
    const unhandled = await errorOf(
      pay({ payment_method: 'pm_card_authenticationRequired', error_on_requires_action: true }),
    );
    expect(unhandled).toMatchObject({ code: 'authentication_required', decline_code: 'authentication_not_handled' });
  });

  it('is asked for by choice with cards that can', async () => {
    const request = { payment_method_options: { card: { request_three_d_secure: 'any' as const } } };
    expect(await pay({ payment_method: 'pm_card_threeDSecureOptional' })).toMatchObject({ status: 'succeeded' });
    expect(await pay({ payment_method: 'pm_card_threeDSecureOptional', ...request })).toMatchObject({
      status: 'requires_action',
    });
    expect(await pay({ payment_method: 'pm_card_threeDSecureNotSupported', ...request })).toMatchObject({
      status: 'succeeded',
    });
  });

  it('on a page comes back to the return URL', async () => {
    const intent = await pay({
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://shop.example.com/done?order=7',
    });
    const url = new URL(intent.next_action?.redirect_to_url?.url ?? '');
    expect((await sandbox.request('GET', url.pathname)).text).toContain('3D Secure');
    const done = await sandbox.request('POST', url.pathname, 'outcome=succeed');
    expect(done.status).toBe(303);
    const back = new URL(done.headers.get('location') ?? '');
    expect(back.origin + back.pathname).toBe('https://shop.example.com/done');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      order: '7',
      payment_intent: intent.id,
      payment_intent_client_secret: intent.client_secret,
      redirect_status: 'succeeded',
    });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' });
  });

  it('with manual confirmation waits for the server to confirm again', async () => {
    const intent = await pay({ payment_method: 'pm_card_authenticationRequired', confirmation_method: 'manual' });
    const after = await sandbox.tell(`payment_intents/${intent.id}/authenticate`, { outcome: 'succeed' });
    expect(after).toMatchObject({ status: 'requires_confirmation' });
    expect(await stripe.paymentIntents.confirm(intent.id)).toMatchObject({ status: 'succeeded' });
  });
});

describe('parameters', () => {
  it('of connected accounts and the like are refused with their names', async () => {
    expect(await errorOf(pay({ on_behalf_of: 'acct_1' }))).toMatchObject({ param: 'on_behalf_of', statusCode: 400 });
    expect(await errorOf(pay({ transfer_data: { destination: 'acct_1' } }))).toMatchObject({ param: 'transfer_data' });
    expect(await errorOf(pay({ allowed_payment_method_types: ['klarna'] }))).toMatchObject({
      param: 'allowed_payment_method_types[0]',
    });
  });

  it('that this version no longer has are unknown', async () => {
    const answer = await sandbox.request(
      'POST',
      '/v1/payment_intents',
      'amount=100&currency=usd&payment_method_types[]=card',
    );
    expect(answer.json.error).toMatchObject({ code: 'parameter_unknown', param: 'payment_method_types' });
  });

  it('limit the types of payment method', async () => {
    const error = await errorOf(pay({ allowed_payment_method_types: ['us_bank_account'] }));
    expect(error).toMatchObject({ code: 'payment_intent_incompatible_payment_method', param: 'payment_method' });
    const intent = await pay({ excluded_payment_method_types: ['us_bank_account'] });
    expect(intent.payment_method_types).toEqual(['card']);
  });

  it('for confirming are refused without confirm', async () => {
    expect(await errorOf(pay({ confirm: false, off_session: true }))).toMatchObject({ param: 'off_session' });
  });
});
