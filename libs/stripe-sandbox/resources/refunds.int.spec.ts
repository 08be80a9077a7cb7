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

const paid = (amount: number, payment_method = 'pm_card_visa') =>
  stripe.paymentIntents.create({
    amount,
    currency: 'usd',
    payment_method,
    confirm: true,
    capture_method: 'automatic',
    expand: ['latest_charge'],
  });

const chargeAfter = (intent: Stripe.PaymentIntent): Promise<Stripe.Charge> =>
  stripe.charges.retrieve((intent.latest_charge as Stripe.Charge).id, { expand: ['refunds'] });

describe('refunds', () => {
  it('give all of it back by intent, without a fee', async () => {
    const intent = await paid(2_000);
    const refund = await stripe.refunds.create({
      payment_intent: intent.id,
      reason: 'requested_by_customer',
      metadata: { refundId: 'r-1' },
      expand: ['balance_transaction', 'charge', 'payment_intent'],
    });
    expect(refund).toMatchObject({
      object: 'refund',
      status: 'succeeded',
      amount: 2_000,
      reason: 'requested_by_customer',
      metadata: { refundId: 'r-1' },
      balance_transaction: { amount: -2_000, fee: 0, net: -2_000, type: 'refund' },
      charge: { amount_refunded: 2_000, refunded: true },
      payment_intent: { id: intent.id, status: 'succeeded', amount_received: 2_000 },
    });
  });

  it('in parts never exceed the charge', async () => {
    const intent = await paid(5_000);
    const charge = (intent.latest_charge as Stripe.Charge).id;
    await stripe.refunds.create({ charge, amount: 3_000 });
    await expect(stripe.refunds.create({ charge, amount: 2_500 })).rejects.toMatchObject({
      statusCode: 400,
      type: 'StripeInvalidRequestError',
      param: 'amount',
      message: 'Refund amount ($25.00) is greater than unrefunded amount on charge ($20.00)',
    });
    expect(await chargeAfter(intent)).toMatchObject({ amount_refunded: 3_000, refunded: false });
    await stripe.refunds.create({ payment_intent: intent.id });
    expect(await chargeAfter(intent)).toMatchObject({
      amount_refunded: 5_000,
      refunded: true,
      refunds: { object: 'list', has_more: false, data: [{ amount: 2_000 }, { amount: 3_000 }] },
    });
    await expect(stripe.refunds.create({ payment_intent: intent.id, amount: 1 })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    const byIntent = await stripe.refunds.list({ payment_intent: intent.id });
    const byCharge = await stripe.refunds.list({ charge });
    expect(byIntent.data.map(({ amount }) => amount)).toEqual([2_000, 3_000]);
    expect(byCharge.data).toEqual(byIntent.data);
  });

  it('that arrive at the same time never exceed the charge', async () => {
    const intent = await paid(1_000);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => stripe.refunds.create({ payment_intent: intent.id, amount: 300 })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await chargeAfter(intent)).toMatchObject({ amount_refunded: 900 });
  });

  it('can succeed first and fail later, which gives the charge its money back', async () => {
    const intent = await paid(1_000, 'pm_card_refundFail');
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    expect(refund.status).toBe('succeeded');
    await sandbox.tell('settle', {});
    expect(await stripe.refunds.retrieve(refund.id, { expand: ['failure_balance_transaction'] })).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: { amount: 1_000, type: 'refund_failure' },
    });
    expect(await chargeAfter(intent)).toMatchObject({ amount_refunded: 0, refunded: false });
    const { data } = await stripe.balanceTransactions.list({ source: refund.id });
    expect(data.map(({ amount }) => amount)).toEqual([1_000, -1_000]);
    const { data: failures } = await stripe.events.list({ type: 'refund.failed' });
    expect(failures[0]?.data.object).toMatchObject({ id: refund.id, status: 'failed' });
    expect(await stripe.refunds.create({ payment_intent: intent.id })).toMatchObject({ status: 'succeeded' });
  });

  it('can be pending first', async () => {
    const intent = await paid(1_000, 'pm_card_pendingRefund');
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    expect(refund).toMatchObject({ status: 'pending', balance_transaction: null });
    await expect(stripe.refunds.create({ payment_intent: intent.id, amount: 601 })).rejects.toThrow(
      'unrefunded amount',
    );
    await sandbox.tell('settle', {});
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'succeeded' });
    await expect(stripe.refunds.cancel(refund.id)).rejects.toMatchObject({ code: 'status_transition_invalid' });
  });

  it('that are pending can be canceled, and settle no more', async () => {
    const intent = await paid(1_000, 'pm_card_pendingRefund');
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    expect(await stripe.refunds.cancel(refund.id)).toMatchObject({ status: 'canceled' });
    await sandbox.tell('settle', {});
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'canceled' });
    expect(await chargeAfter(intent)).toMatchObject({ amount_refunded: 0 });
  });

  it('keep what is noted on them', async () => {
    const intent = await paid(1_000);
    const { id } = await stripe.refunds.create({ payment_intent: intent.id, metadata: { a: '1' } });
    expect((await stripe.refunds.update(id, { metadata: { b: '2' } })).metadata).toEqual({ a: '1', b: '2' });
    expect((await stripe.refunds.update(id, { metadata: '' })).metadata).toEqual({});
  });

  it.each([
    [{}, 'parameter_missing', 400],
    [{ payment_intent: 'pi_none' }, 'resource_missing', 400],
    [{ charge: 'ch_none' }, 'resource_missing', 400],
  ])('of %j are refused as %s', async (params, code, statusCode) => {
    await expect(stripe.refunds.create(params)).rejects.toMatchObject({ code, statusCode });
  });

  it('of what was never captured are refused', async () => {
    const held = await stripe.paymentIntents.create({
      amount: 900,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
      capture_method: 'manual',
    });
    await expect(stripe.refunds.create({ payment_intent: held.id })).rejects.toThrow(
      'does not have a successful charge',
    );
    await expect(stripe.refunds.create({ charge: held.latest_charge as string })).rejects.toMatchObject({
      code: 'charge_not_refundable',
    });
  });
});

describe('the balance', () => {
  it('is the sum of what charges and refunds have brought, pending for two days', async () => {
    let now_ms = Date.UTC(2026, 10, 1);
    const own = await startSpecSandbox({ clock: () => now_ms });
    const client = new Stripe('sk_test_123', own.client);
    const pay = (amount: number, currency: string, payment_method: string) =>
      client.paymentIntents.create({ amount, currency, payment_method, confirm: true, capture_method: 'automatic' });
    const first = await pay(1_000, 'usd', 'pm_card_visa');
    await pay(2_000, 'eur', 'pm_card_visa');
    await pay(500, 'usd', 'pm_card_bypassPending');
    await client.refunds.create({ payment_intent: first.id, amount: 100 });
    expect(await client.balance.retrieve()).toMatchObject({
      object: 'balance',
      available: [
        { amount: 0, currency: 'eur' },
        { amount: 455, currency: 'usd' },
      ],
      pending: [
        { amount: 1_912, currency: 'eur' },
        { amount: 841, currency: 'usd', source_types: { card: 841 } },
      ],
    });
    now_ms += 2 * 24 * 60 * 60 * 1_000;
    const later = await client.balance.retrieve();
    expect(later.available.map(({ amount }) => amount)).toEqual([1_912, 1_296]);
    expect(later.pending.map(({ amount }) => amount)).toEqual([0, 0]);
    const { data } = await client.balanceTransactions.list({ currency: 'usd', type: 'charge' });
    expect(data.map(({ net, status }) => [net, status])).toEqual([
      [455, 'available'],
      [941, 'available'],
    ]);
    await own.discard();
  });
});
