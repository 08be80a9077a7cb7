import Stripe from 'stripe';
import type { Receiver } from '../testing/receiver.js';
import { startReceiver } from '../testing/receiver.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const webhooks = [
    { url: receiver.url, secret: 'whsec_platform' },
    { url: `${receiver.url}/connect`, secret: 'whsec_connect', connect: true },
  ];
  sandbox = await startSpecSandbox({ webhooks });
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(async () => {
  await sandbox.discard();
  await receiver.close();
});

const complete = {
  business_profile: { url: 'https://example.com' },
  business_type: 'individual',
  individual: { first_name: 'Jenny', last_name: 'Rosen', email: 'jenny@example.com', id_number: '000000000' },
  external_account: 'btok_us_verified',
  tos_acceptance: { date: 1_760_000_000, ip: '127.0.0.1' },
} satisfies Stripe.AccountUpdateParams;
const create = (more: Stripe.AccountCreateParams = {}) =>
  stripe.accounts.create({
    type: 'custom',
    country: 'US',
    capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
    ...more,
  });
const refusal = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'done',
    (error: unknown) => error,
  );
const settle = () => sandbox.tell('settle', {});
const fund = (amount: number) =>
  stripe.paymentIntents.create({
    amount,
    currency: 'usd',
    payment_method: 'pm_card_bypassPending',
    confirm: true,
    capture_method: 'automatic',
  });
/** An account that has money: 10,000 of it. */
const rich = async (more: Stripe.AccountCreateParams = {}) => {
  const account = await create({ ...complete, ...more });
  await fund(20_000);
  await stripe.transfers.create({
    amount: 10_000,
    currency: 'usd',
    destination: account.id,
    metadata: { tenant: 'a' },
  });
  return { id: account.id, as: { stripeAccount: account.id } };
};
const availableOf = async (options: Stripe.RequestOptions = {}): Promise<number> =>
  (await stripe.balance.retrieve({}, options)).available.find(({ currency }) => currency === 'usd')?.amount ?? 0;
const story = async (id: string, options: Stripe.RequestOptions = {}): Promise<string[]> => {
  const { data } = await stripe.events.list({ type: 'payout.*', limit: 100 }, options);
  return data
    .filter(({ data: { object } }) => (object as Stripe.Payout).id === id)
    .map(({ type, data: { object } }) => `${type} ${(object as Stripe.Payout).status}`)
    .reverse();
};

describe('a connected account', () => {
  it('can do nothing until it has told what is asked of it', async () => {
    const account = await create();
    expect(account).toMatchObject({
      object: 'account',
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      capabilities: { card_payments: 'inactive', transfers: 'inactive' },
      requirements: { disabled_reason: 'requirements.past_due' },
    });
    expect(account.requirements?.currently_due).toEqual([
      'business_profile.url',
      'business_type',
      'external_account',
      'tos_acceptance.date',
      'tos_acceptance.ip',
    ]);
    const told = await stripe.accounts.update(account.id, complete);
    expect(told).toMatchObject({
      charges_enabled: true,
      payouts_enabled: true,
      details_submitted: true,
      capabilities: { transfers: 'active' },
      requirements: { currently_due: [], disabled_reason: null },
      external_accounts: { data: [{ object: 'bank_account', last4: '6789' }] },
    });
    expect(await stripe.accounts.retrieve(account.id)).toEqual(told);
    expect((await stripe.accounts.list()).data[0]?.id).toBe(account.id);
    const text = JSON.stringify(await stripe.accounts.retrieve(account.id));
    expect(text).not.toMatch(/Jenny|Rosen|000000000/);
  });

  it('tells of its changes to the endpoint for connected accounts', async () => {
    const account = await create();
    await stripe.accounts.update(account.id, complete);
    const [delivered] = await receiver.got(1, ({ json }) => json.account === account.id);
    if (!delivered) throw new Error('nothing came');
    const signature = String(delivered.headers['stripe-signature']);
    const event = stripe.webhooks.constructEvent(delivered.text, signature, 'whsec_connect');
    expect([delivered.path, event.type, event.account]).toEqual(['/hook/connect', 'account.updated', account.id]);
    expect(event.data).toMatchObject({
      object: { charges_enabled: true },
      previous_attributes: { charges_enabled: false },
    });
    expect((await stripe.events.list({ type: 'account.updated' })).data).toEqual([]);
    const own = await stripe.events.list({ type: 'account.updated' }, { stripeAccount: account.id });
    expect(own.data.map(({ id }) => id)).toEqual([event.id]);
  });

  it('is stopped when Stripe wants more, and for good when it is rejected', async () => {
    const { id } = await create(complete);
    await sandbox.tell(`accounts/${id}`, { requirements: 'individual.verification.document' });
    expect(await stripe.accounts.retrieve(id)).toMatchObject({
      payouts_enabled: false,
      details_submitted: true,
      requirements: { currently_due: ['individual.verification.document'] },
    });
    await sandbox.tell(`accounts/${id}`, { requirements: '' });
    expect((await stripe.accounts.retrieve(id)).payouts_enabled).toBe(true);
    const rejected = await stripe.accounts.reject(id, { reason: 'fraud' });
    expect(rejected).toMatchObject({ charges_enabled: false, requirements: { disabled_reason: 'rejected.fraud' } });
    await stripe.accounts.del(id);
    expect(await refusal(stripe.accounts.retrieve(id))).toMatchObject({ statusCode: 403, code: 'account_invalid' });
    expect(await refusal(stripe.balance.retrieve({}, { stripeAccount: id }))).toMatchObject({
      code: 'account_invalid',
    });
  });

  it('sees its own objects and nobody else sees them', async () => {
    const one = await rich();
    const other = await create(complete);
    const mine = await stripe.customers.create({ name: 'of one' }, one.as);
    const platforms = await stripe.customers.create({ name: "the platform's" });
    expect((await stripe.customers.retrieve(mine.id, {}, one.as)).id).toBe(mine.id);
    for (const options of [{}, { stripeAccount: other.id }]) {
      expect(await refusal(stripe.customers.retrieve(mine.id, {}, options))).toMatchObject({
        code: 'resource_missing',
      });
    }
    expect(await refusal(stripe.customers.retrieve(platforms.id, {}, one.as))).toMatchObject({ statusCode: 404 });
    const names = async (options: Stripe.RequestOptions) =>
      (await stripe.customers.list({}, options)).data.map(({ name }) => name);
    expect([await names(one.as), await names({ stripeAccount: other.id }), await names({})]).toEqual([
      ['of one'],
      [],
      ["the platform's"],
    ]);
    expect(await availableOf({ stripeAccount: other.id })).toBe(0);
    const { data } = await stripe.balanceTransactions.list({}, one.as);
    expect(data.map(({ type, amount }) => [type, amount])).toEqual([['payment', 10_000]]);
    expect((await stripe.accounts.retrieve(null, {}, one.as)).id).toBe(one.id);
  });

  it('has idempotency keys of its own', async () => {
    const { as } = await rich();
    const key = { idempotencyKey: 'the-same-key' };
    const one = await stripe.customers.create({ name: 'A' }, key);
    const other = await stripe.customers.create({ name: 'B' }, { ...key, ...as });
    expect(one.id).not.toBe(other.id);
    expect((await stripe.customers.create({ name: 'B' }, { ...key, ...as })).id).toBe(other.id);
  });
});

describe('a transfer', () => {
  it('moves what is available from the platform to the account', async () => {
    const before = await availableOf();
    const { id, as } = await rich();
    expect([await availableOf(), await availableOf(as)]).toEqual([before + 20_000 - 610 - 10_000, 10_000]);
    const { data } = await stripe.transfers.list({ destination: id });
    expect(data).toMatchObject([{ amount: 10_000, destination: id, metadata: { tenant: 'a' } }]);
    const transfer = await stripe.transfers.retrieve(data[0]?.id ?? '', { expand: ['balance_transaction'] });
    expect(transfer.balance_transaction).toMatchObject({ amount: -10_000, type: 'transfer' });
    const much = stripe.transfers.create({ amount: 99_999_999, currency: 'usd', destination: id });
    expect(await refusal(much)).toMatchObject({ code: 'balance_insufficient' });
  });
});

describe('a payout', () => {
  it('is created, on its way, and paid', async () => {
    const { as } = await rich();
    const made = await stripe.payouts.create({ amount: 4_000, currency: 'usd', metadata: { payoutId: 'p' } }, as);
    expect(made).toMatchObject({ object: 'payout', status: 'pending', amount: 4_000, metadata: { payoutId: 'p' } });
    expect(await availableOf(as)).toBe(6_000);
    await settle();
    expect(await stripe.payouts.retrieve(made.id, {}, as)).toMatchObject({ status: 'paid', failure_code: null });
    expect(await story(made.id, as)).toEqual([
      'payout.created pending',
      'payout.updated in_transit',
      'payout.paid paid',
    ]);
    expect(await refusal(stripe.payouts.retrieve(made.id))).toMatchObject({ code: 'resource_missing' });
    expect((await stripe.payouts.list()).data).toEqual([]);
    expect((await stripe.payouts.list({ status: 'paid' }, as)).data.map(({ id }) => id)).toEqual([made.id]);
    const [delivered] = await receiver.got(1, ({ json }) => json.type === 'payout.paid');
    expect([delivered?.path, delivered?.json.account]).toEqual(['/hook/connect', as.stripeAccount]);
  });

  it('fails for a bank account that cannot take it, and the money is back', async () => {
    const account_number = '000111111116';
    const { as } = await rich({
      external_account: {
        object: 'bank_account',
        country: 'US',
        currency: 'usd',
        routing_number: '110000000',
        account_number,
      },
    });
    const { id } = await stripe.payouts.create({ amount: 10_000, currency: 'usd' }, as);
    await settle();
    const failed = await stripe.payouts.retrieve(id, { expand: ['failure_balance_transaction'] }, as);
    expect(failed).toMatchObject({ status: 'failed', failure_code: 'no_account' });
    expect(failed.failure_balance_transaction).toMatchObject({ amount: 10_000, type: 'payout_failure' });
    expect(await availableOf(as)).toBe(10_000);
  });

  it('that was paid can fail afterwards, once', async () => {
    const { as } = await rich();
    const { id } = await stripe.payouts.create({ amount: 10_000, currency: 'usd' }, as);
    await settle();
    expect(await availableOf(as)).toBe(0);
    const conclude = (body: object) => sandbox.request('POST', `/sandbox/payouts/${id}/conclude`, JSON.stringify(body));
    expect((await conclude({ outcome: 'failed', failure_code: 'account_closed' })).json).toMatchObject({
      status: 'failed',
      failure_code: 'account_closed',
    });
    expect(await availableOf(as)).toBe(10_000);
    expect((await story(id, as)).slice(-2)).toEqual(['payout.paid paid', 'payout.failed failed']);
    expect((await conclude({ outcome: 'failed' })).status).toBe(400);
    expect((await conclude({ outcome: 'paid' })).status).toBe(400);
  });

  it('can be canceled while it is pending', async () => {
    const { as } = await rich();
    const { id } = await stripe.payouts.create({ amount: 1_000, currency: 'usd' }, as);
    expect(await stripe.payouts.cancel(id, {}, as)).toMatchObject({ status: 'canceled' });
    await settle();
    expect(await story(id, as)).toEqual(['payout.created pending', 'payout.canceled canceled']);
    expect(await availableOf(as)).toBe(10_000);
    const paid = await stripe.payouts.create({ amount: 1_000, currency: 'usd' }, as);
    await settle();
    expect(await refusal(stripe.payouts.cancel(paid.id, {}, as))).toMatchObject({ code: 'payout_not_cancelable' });
  });

  it('needs the money, a bank account and permission', async () => {
    const { id, as } = await rich();
    const pay = (amount: number) => refusal(stripe.payouts.create({ amount, currency: 'usd' }, as));
    expect(await pay(10_001)).toMatchObject({ code: 'balance_insufficient' });
    const foreign = stripe.payouts.create({ amount: 1, currency: 'eur' }, as);
    expect(await refusal(foreign)).toMatchObject({ param: 'currency' });
    await sandbox.tell(`accounts/${id}`, { disabled_reason: 'listed' });
    expect(await pay(1)).toMatchObject({ code: 'payouts_not_allowed' });
    const poor = await create();
    const attempt = stripe.payouts.create({ amount: 1, currency: 'usd' }, { stripeAccount: poor.id });
    expect(await refusal(attempt)).toMatchObject({ code: 'payouts_not_allowed' });
  });

  it("of the platform goes to the platform's bank account", async () => {
    await fund(5_000);
    const payout = await stripe.payouts.create({ amount: 4_000, currency: 'usd' });
    await settle();
    expect((await stripe.payouts.retrieve(payout.id)).status).toBe('paid');
    const { data } = await stripe.balanceTransactions.list({ source: payout.id });
    expect(data).toMatchObject([{ amount: -4_000, type: 'payout', reporting_category: 'payout' }]);
    const account = await stripe.accounts.retrieve(null);
    expect(account).toMatchObject({ object: 'account', charges_enabled: true });
  });
});

describe('an event that a test makes up', () => {
  it('is delivered as given, for a kind of object that is not kept here', async () => {
    const object = { id: 'mandate_1', object: 'mandate', status: 'inactive', payment_method: 'pm_1' };
    const { id } = await sandbox.tell('events', { type: 'mandate.updated', object, previous: { status: 'active' } });
    const [delivered] = await receiver.got(1, ({ json }) => json.type === 'mandate.updated');
    expect(delivered?.json).toMatchObject({ id, data: { object, previous_attributes: { status: 'active' } } });
    expect(await stripe.events.retrieve(String(id))).toMatchObject({ type: 'mandate.updated', data: { object } });
  });

  it('can be thin: the official client parses the notification', async () => {
    const { id: account } = await create();
    const related = { id: account, type: 'v2.core.account', url: `/v2/core/accounts/${account}` };
    const type = 'v2.core.account[requirements].updated';
    await sandbox.tell('events', { type, thin: true, related, account });
    const [thin] = await receiver.got(1, ({ json }) => json.type === type);
    if (!thin) throw new Error('nothing came');
    const notification = stripe.parseEventNotification(
      thin.text,
      String(thin.headers['stripe-signature']),
      'whsec_connect',
    );
    expect(notification).toMatchObject({ type, livemode: false, related_object: related });
  });

  it('is refused by the name of the field that is wrong', async () => {
    for (const [body, param] of [
      [{ type: 'mandate' }, 'type'],
      [{ type: 'mandate.updated' }, 'object'],
      [{ type: 'mandate.updated', object: {}, thin: true }, 'type'],
      [{ type: 'mandate.updated', object: {}, account: 'x' }, 'account'],
      [{ type: 'mandate.updated', object: {}, more: 1 }, 'more'],
    ] as const) {
      const { status, json } = await sandbox.request('POST', '/sandbox/events', JSON.stringify(body));
      expect([status, json.error?.param]).toEqual([400, param]);
    }
  });
});

describe('a card that its network renews', () => {
  it('is updated without anybody asking', async () => {
    const { id } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    const { data } = await stripe.paymentMethods.list({ customer: id });
    await sandbox.tell(`payment_methods/${data[0]?.id ?? ''}/renew`, { exp_month: 1, exp_year: 2040 });
    const [delivered] = await receiver.got(1, ({ json }) => json.type === 'payment_method.automatically_updated');
    expect(delivered?.json.data.object).toMatchObject({ card: { exp_month: 1, exp_year: 2040 }, customer: id });
  });
});
