import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let now_ms = Date.UTC(2026, 10, 1);
let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox({ clock: () => now_ms });
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

describe('events', () => {
  it('show the object as it was then, and the request that did it', async () => {
    const customer = await stripe.customers.create({ name: 'before' }, { idempotencyKey: 'make-customer' });
    await stripe.customers.update(customer.id, { name: 'after' });
    const { data } = await stripe.events.list({ type: 'customer.created' });
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      object: 'event',
      api_version: '2026-10-28.endive',
      livemode: false,
      data: { object: { ...customer, name: 'before' } },
      request: { id: customer.lastResponse.requestId, idempotency_key: 'make-customer' },
    });
    expect(await stripe.events.retrieve(data[0]?.id ?? '')).toMatchObject({
      id: data[0]?.id,
      type: 'customer.created',
    });
  });

  it('are read forwards in the order in which they happened', async () => {
    const { data: before } = await stripe.events.list({ limit: 1 });
    for (let n = 0; n < 5; n++) await stripe.customers.create({ name: String(n) });
    const page = await stripe.events.list({ ending_before: before[0]?.id, limit: 3 });
    const names = page.data.map(({ data }) => (data.object as Stripe.Customer).name);
    expect([names, page.has_more]).toEqual([['2', '1', '0'], true]);
  });

  it('are found by type and by time', async () => {
    now_ms += 60_000;
    const at = Math.floor(now_ms / 1_000);
    await stripe.customers.create({});
    now_ms += 60_000;
    await stripe.paymentMethods.attach('pm_card_visa', { customer: (await stripe.customers.create({})).id });
    const types = async (params: Stripe.EventListParams) =>
      (await stripe.events.list(params)).data.map(({ type }) => type);
    expect(await types({ created: at })).toEqual(['customer.created']);
    expect(await types({ created: { gt: at } })).toEqual(['payment_method.attached', 'customer.created']);
    expect(await types({ created: { gte: at, lt: at + 60 } })).toEqual(['customer.created']);
    expect(await types({ created: { gte: at }, types: ['payment_method.attached', 'refund.created'] })).toEqual([
      'payment_method.attached',
    ]);
    expect(await types({ created: { lte: at - 1 }, type: 'payment_method.*' })).toEqual([]);
  });
});
