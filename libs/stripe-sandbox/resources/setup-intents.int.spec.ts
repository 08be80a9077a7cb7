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

describe('setup intents', () => {
  it('keep a card with the customer', async () => {
    const customer = await stripe.customers.create({});
    const intent = await stripe.setupIntents.create({
      customer: customer.id,
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    expect(intent).toMatchObject({
      object: 'setup_intent',
      status: 'succeeded',
      usage: 'off_session',
      next_action: null,
    });
    const { data } = await stripe.customers.listPaymentMethods(customer.id);
    expect(data.map(({ id }) => id)).toEqual([intent.payment_method]);
    const listed = await stripe.setupIntents.list({ customer: customer.id });
    expect(listed.data).toEqual([intent]);
    expect((await stripe.setupIntents.list({ payment_method: data[0]?.id })).data).toEqual([intent]);
    const { data: events } = await stripe.events.list({ types: ['setup_intent.*', 'payment_method.attached'] });
    expect(events.map(({ type }) => type)).toEqual([
      'setup_intent.succeeded',
      'payment_method.attached',
      'setup_intent.created',
    ]);
  });

  it('authenticate a card, which then pays without the customer', async () => {
    const customer = await stripe.customers.create({});
    const pay = (payment_method: string) =>
      stripe.paymentIntents.create({
        amount: 900,
        currency: 'eur',
        customer: customer.id,
        payment_method,
        confirm: true,
        off_session: true,
      });
    const unready = await stripe.paymentMethods.attach('pm_card_authenticationRequiredOnSetup', {
      customer: customer.id,
    });
    await expect(pay(unready.id)).rejects.toMatchObject({ code: 'authentication_required' });
    const created = await stripe.setupIntents.create({ customer: customer.id });
    expect(created.status).toBe('requires_payment_method');
    const waiting = await stripe.setupIntents.confirm(created.id, { payment_method: unready.id });
    expect(waiting).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } });
    await sandbox.tell(`setup_intents/${created.id}/authenticate`, { outcome: 'succeed' });
    expect((await stripe.setupIntents.retrieve(created.id)).status).toBe('succeeded');
    expect((await pay(unready.id)).status).toBe('succeeded');
  });

  it('fail where the bank declines or the customer does not authenticate', async () => {
    const created = await stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined' });
    expect(created.status).toBe('requires_confirmation');
    await expect(stripe.setupIntents.confirm(created.id)).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
    });
    expect(await stripe.setupIntents.retrieve(created.id)).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { code: 'card_declined', payment_method: { object: 'payment_method' } },
    });
    await stripe.setupIntents.confirm(created.id, { payment_method: 'pm_card_authenticationRequired' });
    const failed = await sandbox.tell(`setup_intents/${created.id}/authenticate`, { outcome: 'fail' });
    expect(failed).toMatchObject({ last_setup_error: { code: 'setup_intent_authentication_failure' } });
  });

  it('are changed and canceled while they are open', async () => {
    const { id } = await stripe.setupIntents.create({ metadata: { a: '1' } });
    expect(await stripe.setupIntents.update(id, { description: 'x', metadata: { b: '2' } })).toMatchObject({
      description: 'x',
      metadata: { a: '1', b: '2' },
    });
    expect(await stripe.setupIntents.cancel(id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
    });
    await expect(stripe.setupIntents.confirm(id)).rejects.toMatchObject({ code: 'setup_intent_unexpected_state' });
  });
});
