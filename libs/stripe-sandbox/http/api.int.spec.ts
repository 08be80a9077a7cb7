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

const paid = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: true,
    ...more,
  });

describe('keys', () => {
  it.each([
    ['', 401],
    ['Bearer ', 401],
    ['Bearer sk_live_123', 401],
    ['Bearer nonsense', 401],
    ['Bearer pk_test_123', 403],
    ['Basic bm90aGluZzo=', 401],
    ['Bearer rk_test_123', 200],
    [`Basic ${Buffer.from('sk_test_123:').toString('base64')}`, 200],
  ])('%p answers %i', async (authorization, status) => {
    const answer = await sandbox.request('GET', '/v1/customers', undefined, { authorization });
    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.json.error?.type).toBe('invalid_request_error');
    if (status === 401) expect(answer.headers.get('www-authenticate')).toContain('Basic');
  });

  it('can be limited to some', async () => {
    const own = await startSpecSandbox({ apiKeys: ['sk_test_only'] });
    await expect(new Stripe('sk_test_other', own.client).customers.list()).rejects.toMatchObject({
      type: 'StripeAuthenticationError',
    });
    await expect(new Stripe('sk_test_only', own.client).customers.list()).resolves.toMatchObject({ data: [] });
    await own.discard();
  });

  it('give no access to connected accounts', async () => {
    await expect(stripe.customers.list({}, { stripeAccount: 'acct_1' })).rejects.toMatchObject({
      statusCode: 403,
      code: 'account_invalid',
    });
  });
});

describe('answers', () => {
  it('carry a request id and the version that was asked for', async () => {
    const answer = await sandbox.request('GET', '/v1/balance', undefined, { 'stripe-version': '2024-06-20' });
    expect(answer.headers.get('request-id')).toMatch(/^req_\w+$/);
    expect(answer.headers.get('stripe-version')).toBe('2024-06-20');
  });

  it('to routes that do not exist are errors too', async () => {
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['DELETE', '/v1/charges/ch_1'],
      ['GET', '/'],
      ['POST', '/v1/charges'],
      ['GET', '/v1/a/b/c/d'],
    ] as const) {
      const answer = await sandbox.request(method, path);
      expect(answer.status).toBe(404);
      expect(answer.json.error?.message).toMatch(/^Unrecognized request URL/);
    }
    await expect(stripe.charges.create({ amount: 1 })).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('parameters', () => {
  it.each([
    ['amount=500', 'parameter_missing', 'currency'],
    ['currency=usd', 'parameter_missing', 'amount'],
    ['amount=abc&currency=usd', 'parameter_invalid_integer', 'amount'],
    ['amount=5e2&currency=usd', 'parameter_invalid_integer', 'amount'],
    ['amount=500&currency=usd&colour=red', 'parameter_unknown', 'colour'],
    [
      'amount=500&currency=usd&shipping[name]=A&shipping[address][planet]=Mars',
      'parameter_unknown',
      'shipping[address][planet]',
    ],
    ['amount=500&currency=usd&shipping[name]=A', 'parameter_missing', 'shipping[address]'],
    ['amount=500&currency=usd&customer=', 'parameter_invalid_empty', 'customer'],
    ['amount=500&currency=usd&confirm=yes', undefined, 'confirm'],
    ['amount=500&currency=usd&capture_method=later', undefined, 'capture_method'],
    ['amount=500&currency=usd&metadata=x', undefined, 'metadata'],
    ['amount=500&currency=usd&amount[x]=1', undefined, undefined],
    ['amount=500&currency=%E0%A4', undefined, undefined],
    ['amount=500&currency=usd&__proto__[x]=1', 'parameter_unknown', '__proto__[x]'],
    ['amount=500&currency=usd&constructor=1', 'parameter_unknown', 'constructor'],
  ])('%s is a 400', async (body, code, param) => {
    const answer = await sandbox.request('POST', '/v1/payment_intents', body);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({ type: 'invalid_request_error' });
    expect(answer.json.error?.code).toBe(code);
    expect(answer.json.error?.param?.replace('__proto__[x]', '__proto__')).toBe(
      param?.replace('__proto__[x]', '__proto__'),
    );
    if (code) expect(answer.json.error?.doc_url).toContain(code.replaceAll('_', '-'));
  });

  it('over a mebibyte are 413', async () => {
    const answer = await sandbox.request('POST', '/v1/customers', `description=${'x'.repeat(1024 * 1024)}`);
    expect([answer.status, answer.json.error?.type]).toEqual([413, 'invalid_request_error']);
  });

  it('have bounded metadata', async () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${String(n)}`, 'v']));
    await expect(stripe.customers.create({ metadata: many })).rejects.toThrow('up to 50');
    await expect(stripe.customers.create({ metadata: { ['k'.repeat(41)]: 'v' } })).rejects.toThrow('40 characters');
    await expect(stripe.customers.create({ metadata: { k: 'v'.repeat(501) } })).rejects.toThrow('500 characters');
  });
});

describe('lists', () => {
  it('are read page by page in both directions', async () => {
    const { id: customer } = await stripe.customers.create({});
    const made: string[] = [];
    for (let n = 0; n < 7; n++) {
      made.unshift((await stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer })).id);
    }
    const first = await stripe.paymentIntents.list({ customer, limit: 3 });
    expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/payment_intents' });
    expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 3));
    const second = await stripe.paymentIntents.list({ customer, limit: 4, starting_after: made[2] });
    expect([second.data.map(({ id }) => id), second.has_more]).toEqual([made.slice(3), false]);
    const back = await stripe.paymentIntents.list({ customer, limit: 2, ending_before: made[3] });
    expect([back.data.map(({ id }) => id), back.has_more]).toEqual([made.slice(1, 3), true]);
    const all: string[] = [];
    for await (const { id } of stripe.paymentIntents.list({ customer, limit: 2 })) all.push(id);
    expect(all).toEqual(made);
  });

  it.each([
    ['limit=0', 'parameter_invalid_integer', 'limit'],
    ['limit=101', 'parameter_invalid_integer', 'limit'],
    ['starting_after=cus_none', 'resource_missing', 'starting_after'],
    ['starting_after=cus_1&ending_before=cus_2', undefined, 'ending_before'],
    ['created[about]=1', 'parameter_unknown', 'created[about]'],
    ['page=2', 'parameter_unknown', 'page'],
  ])('with %s are a 400', async (query, code, param) => {
    const answer = await sandbox.request('GET', `/v1/customers?${query}`);
    expect(answer.status).toBe(400);
    expect([answer.json.error?.code, answer.json.error?.param]).toEqual([code, param]);
  });
});

describe('expand', () => {
  it('replaces ids by objects, in lists too', async () => {
    const intent = await paid({ capture_method: 'automatic' });
    const list = await stripe.paymentIntents.list({
      limit: 1,
      expand: ['data.latest_charge.balance_transaction.source'],
    });
    expect(list.data[0]).toMatchObject({
      id: intent.id,
      latest_charge: {
        object: 'charge',
        balance_transaction: { object: 'balance_transaction', source: { object: 'charge' } },
      },
    });
    expect(
      await stripe.charges.retrieve(intent.latest_charge as string, { expand: ['payment_intent.payment_method'] }),
    ).toMatchObject({
      payment_intent: { id: intent.id, payment_method: { object: 'payment_method' } },
    });
  });

  it.each(['amount', 'nothing', 'latest_charge.amount', 'data.latest_charge', 'customer.default_source.x', ''])(
    'of %p is refused, and nothing done',
    async (path) => {
      const { data: before } = await stripe.events.list({ limit: 1 });
      const answer = await sandbox.request('POST', '/v1/payment_intents', `amount=500&currency=usd&expand[]=${path}`);
      expect([answer.status, answer.json.error?.param]).toEqual([400, path === '' ? 'expand[0]' : 'expand']);
      expect((await stripe.events.list({ limit: 1 })).data).toEqual(before);
    },
  );
});

describe('the summary', () => {
  it('has one line for each payment', async () => {
    const own = await startSpecSandbox();
    const client = new Stripe('sk_test_123', own.client);
    const pay = (more: Partial<Stripe.PaymentIntentCreateParams>) =>
      client.paymentIntents.create({
        amount: 500,
        currency: 'usd',
        payment_method: 'pm_card_visa',
        confirm: true,
        ...more,
      });
    const full = await pay({ metadata: { paymentId: 'p-1' } });
    await client.refunds.create({ payment_intent: full.id, amount: 100 });
    const partly = await pay({ capture_method: 'manual' });
    await client.paymentIntents.capture(partly.id, { amount_to_capture: 300 });
    await client.paymentIntents.cancel((await pay({ capture_method: 'manual' })).id);
    await expect(pay({ payment_method: 'pm_card_chargeDeclined' })).rejects.toThrow();
    const { json } = await own.request('GET', '/sandbox/summary');
    const lines = (json.data as Record<string, unknown>[]).map((line) => [
      line.status,
      line.amount_received,
      line.amount_refunded,
      line.amount_released,
      line.charges,
      line.successful_charges,
    ]);
    expect(lines).toEqual([
      ['requires_payment_method', 0, 0, 0, 1, 0],
      ['canceled', 0, 0, 500, 1, 1],
      ['succeeded', 300, 0, 200, 1, 1],
      ['succeeded', 500, 100, 0, 1, 1],
    ]);
    const page = await own.request('GET', `/sandbox/summary?limit=2&starting_after=${partly.id}`);
    expect(page.json).toMatchObject({ has_more: false, data: [{ id: full.id, metadata: { paymentId: 'p-1' } }] });
    await own.discard();
  });
});
