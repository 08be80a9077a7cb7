import { randomUUID } from 'node:crypto';

import Stripe from 'stripe';

import type { ProcessorPayment } from '../objects.js';
import type { SpecSandbox } from '../../stripe-sandbox/testing/sandbox.js';
import { startSpecSandbox } from '../../stripe-sandbox/testing/sandbox.js';
import { LookupRefused, ProcessorUnavailable } from '../errors.js';
import { readEvent } from './events/index.js';
import { readTypes } from './events/types.js';
import { StripeProcessor } from './index.js';

let sandbox: SpecSandbox;
/** Somebody else with the platform's key: the dashboard, say. */
let stripe: Stripe;
let processor: StripeProcessor;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
  processor = new StripeProcessor({ apiKey: 'sk_test_123', apiBase: sandbox.url, timeoutMs: 5_000 });
});
afterAll(() => sandbox.discard());

const tenantId = randomUUID();
const always = { from: new Date(0), to: new Date(Date.now() + 3_600_000) };

const all = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
};

const succeeded = <V>(outcome: { outcome: string; value?: V }): V => {
  if (outcome.outcome !== 'succeeded') throw new Error(`the operation was ${JSON.stringify(outcome)}`);
  return outcome.value as V;
};

interface Paid {
  paymentId: string;
  processorCustomerId: string;
  payment: ProcessorPayment;
}

const pay = async (token = 'pm_card_visa', captureMethod: 'automatic' | 'manual' = 'automatic'): Promise<Paid> => {
  const customer = { tenantId, customerId: randomUUID() };
  const { processorCustomerId } = succeeded(await processor.createCustomer(customer, randomUUID()));
  const paymentMethodId = randomUUID();
  const attached = { tenantId, paymentMethodId, processorCustomerId, token };
  const method = succeeded(await processor.attachPaymentMethod(attached, randomUUID()));
  const paymentId = randomUUID();
  const request = {
    tenantId,
    paymentId,
    attempt: 1,
    amount: 5_000,
    currency: 'usd',
    captureMethod,
    processorCustomerId,
    methodKind: 'card' as const,
    token: method.token,
  };
  return { paymentId, processorCustomerId, payment: succeeded(await processor.requestPayment(request, randomUUID())) };
};

const refund = async ({ paymentId, payment }: Paid, amount: number) => {
  const refundId = randomUUID();
  const { processorPaymentId } = payment;
  const request = { tenantId, paymentId, refundId, processorPaymentId, amount };
  return { refundId, ...succeeded(await processor.refundPayment(request, randomUUID())) };
};

/** A connected account with 10,000 of its own, and what it may do as itself. */
const connected = async () => {
  const account = await stripe.accounts.create({
    type: 'custom',
    country: 'US',
    capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
    business_profile: { url: 'https://example.com' },
    business_type: 'individual',
    individual: { first_name: 'Jenny', last_name: 'Rosen', email: 'jenny@example.com', id_number: '000000000' },
    external_account: 'btok_us_verified',
    tos_acceptance: { date: 1_760_000_000, ip: '127.0.0.1' },
  });
  await stripe.paymentIntents.create({
    amount: 50_000,
    currency: 'usd',
    capture_method: 'automatic',
    payment_method: 'pm_card_bypassPending',
    confirm: true,
  });
  await stripe.transfers.create({ amount: 10_000, currency: 'usd', destination: account.id });
  return account.id;
};

describe('a payment as it stands', () => {
  it('comes with its settlement, its refunds and its disputes, and whom they claim to be of', async () => {
    const paid = await pay('pm_card_createDispute');
    const first = await refund(paid, 700);
    const second = await refund(paid, 300);
    await sandbox.tell('settle', {});
    const { processorPaymentId } = paid.payment;
    const ofPayment = { tenantId, paymentId: paid.paymentId, processorCustomerId: paid.processorCustomerId };
    expect(await processor.retrieveStanding(processorPaymentId)).toMatchObject({
      payment: { status: 'captured', processorPaymentId, captured: 5_000, settlement: { gross: 5_000 } },
      claim: { ...ofPayment, attempt: 1 },
      refunds: [
        {
          refund: { processorRefundId: first.processorRefundId, status: 'succeeded', settlement: { gross: -700 } },
          claim: { ...ofPayment, refundId: first.refundId },
        },
        { refund: { processorRefundId: second.processorRefundId, amount: 300 } },
      ],
      disputes: [{ processorPaymentId, status: 'needs_response', reason: 'fraudulent', submissions: 0 }],
    });
    const standing = await processor.retrieveStanding(processorPaymentId);
    expect(standing?.disputes[0]?.movements).toMatchObject([{ fee: 1_500, currency: 'usd' }]);
    expect(standing?.disputes[0]?.movements[0]?.gross).toBeLessThan(0);
  });

  it('shows what a capture left of its hold as no refund', async () => {
    const { payment, paymentId } = await pay('pm_card_visa', 'manual');
    const { processorPaymentId } = payment;
    const capture = { tenantId, paymentId, captureId: randomUUID(), processorPaymentId, amount: 3_000, final: true };
    await processor.capturePayment(capture, randomUUID());
    expect(await all(processor.listRefunds(always))).toContainEqual(expect.objectContaining({ processorPaymentId }));
    expect(await processor.retrieveStanding(processorPaymentId)).toMatchObject({
      payment: { status: 'captured', captured: 3_000 },
      refunds: [],
      disputes: [],
    });
  });

  it('shows what each of its captures brought, oldest first, and nothing that a refund took', async () => {
    const held = await pay('pm_card_visa', 'manual');
    const { processorPaymentId } = held.payment;
    const capture = { tenantId, paymentId: held.paymentId, processorPaymentId };
    const settled = async () => (await processor.retrieveStanding(processorPaymentId))?.payment.settlements;
    expect(await settled()).toEqual([]);
    for (const [amount, final] of [
      [1_000, false],
      [1_500, false],
      [2_000, true],
    ] as const) {
      await processor.capturePayment({ ...capture, captureId: randomUUID(), amount, final }, randomUUID());
      if (amount === 1_000) expect(await settled()).toMatchObject([{ gross: 1_000 }]);
    }
    await refund(held, 300);
    expect(await settled()).toMatchObject([{ gross: 1_000 }, { gross: 1_500 }, { gross: 2_000 }]);
    expect((await processor.retrievePayment(processorPaymentId))?.settlements).toEqual(await settled());
  });

  it('is nothing where there is no such payment', async () => {
    expect(await processor.retrieveStanding('pi_none')).toBeUndefined();
  });
});

describe('a connected account', () => {
  it('is shown with what it may do and what is wanted of it', async () => {
    const id = await connected();
    const account = { processorAccountId: id, chargesEnabled: true, payoutsEnabled: true, detailsSubmitted: true };
    expect(await processor.retrieveAccount(id)).toEqual({ ...account, requirementsDue: [] });
    await sandbox.tell(`accounts/${id}`, { requirements: 'individual.verification.document' });
    expect(await processor.retrieveAccount(id)).toMatchObject({
      payoutsEnabled: false,
      requirementsDue: ['individual.verification.document'],
    });
  });

  it('is nothing where there is no such account', async () => {
    expect(await processor.retrieveAccount('acct_none')).toBeUndefined();
  });

  it('has payouts and events of its own, which name it', async () => {
    const account = await connected();
    const payout = await stripe.payouts.create(
      { amount: 4_000, currency: 'usd', metadata: { tenantId } },
      { stripeAccount: account },
    );
    expect(await all(processor.listPayouts(always, account))).toMatchObject([
      {
        payout: { processorPayoutId: payout.id, amount: 4_000, currency: 'usd' },
        claim: { tenantId },
      },
    ]);
    expect(await all(processor.listPayouts(always))).toEqual([]);
    const events = await all(processor.listEvents(always, account));
    expect(events.map(({ head }) => head.type)).toContain('payout.created');
    for (const { head, body } of events) {
      expect(head.account).toBe(account);
      expect(readEvent(body).head).toEqual(head);
    }
    await expect(all(processor.listPayouts(always, 'acct_none'))).rejects.toThrow(LookupRefused);
  });
});

describe('evidence', () => {
  const disputed = async () => {
    const { payment } = await pay('pm_card_createDispute');
    await sandbox.tell('settle', {});
    const [dispute] = (await processor.retrieveStanding(payment.processorPaymentId))?.disputes ?? [];
    return dispute?.processorDisputeId ?? '';
  };

  it('is staged first and submitted once', async () => {
    const processorDisputeId = await disputed();
    const evidence = { uncategorized_text: 'it was delivered' };
    const staged = await processor.submitEvidence({ processorDisputeId, evidence, submit: false }, randomUUID());
    expect(succeeded(staged)).toMatchObject({ processorDisputeId, status: 'needs_response', submissions: 0 });
    const key = randomUUID();
    const submission = { processorDisputeId, evidence, submit: true };
    const submitted = await processor.submitEvidence(submission, key);
    expect(succeeded(submitted)).toMatchObject({ processorDisputeId, status: 'under_review', submissions: 1 });
    expect(await processor.submitEvidence(submission, key)).toEqual(submitted);
    expect(await processor.submitEvidence(submission, randomUUID())).toMatchObject({ outcome: 'rejected' });
  });

  it('of a kind that Stripe does not know, or on no dispute, is refused', async () => {
    const processorDisputeId = await disputed();
    const unknown = { processorDisputeId, evidence: { alibi: 'none' }, submit: false };
    expect(await processor.submitEvidence(unknown, randomUUID())).toMatchObject({ outcome: 'rejected' });
    const nowhere = { processorDisputeId: 'dp_none', evidence: {}, submit: true };
    expect(await processor.submitEvidence(nowhere, randomUUID())).toMatchObject({
      outcome: 'rejected',
      code: 'resource_missing',
    });
  });
});

describe('a listing', () => {
  it('has everything of its window, over as many pages as it takes, newest first', async () => {
    const before = new Set(
      (await all(processor.listPayments(always))).map(({ processorPaymentId }) => processorPaymentId),
    );
    const made: string[] = [];
    for (let count = 0; count < 230; count += 1) {
      const metadata = { tenantId, paymentId: randomUUID(), attempt: '2' };
      made.push((await stripe.paymentIntents.create({ amount: 500, currency: 'usd', metadata })).id);
    }
    const listed = await all(processor.listPayments(always));
    const fresh = listed.filter(({ processorPaymentId }) => !before.has(processorPaymentId));
    expect(fresh.map(({ processorPaymentId }) => processorPaymentId)).toEqual(made.reverse());
    expect(listed).toHaveLength(before.size + 230);
    expect(fresh[0]?.claim).toMatchObject({ tenantId, attempt: 2 });
  });

  it('has nothing of another window', async () => {
    await pay();
    const longAgo = { from: new Date(0), to: new Date(1_000_000) };
    const lists: AsyncIterable<unknown>[] = [
      processor.listPayments(longAgo),
      processor.listRefunds(longAgo),
      processor.listDisputes(longAgo),
      processor.listPayouts(longAgo),
      processor.listEvents(longAgo),
    ];
    for (const list of lists) {
      expect(await all(list)).toEqual([]);
    }
  });

  it('names the payments of refunds and disputes', async () => {
    const paid = await pay('pm_card_createDispute');
    const { processorRefundId } = await refund(paid, 100);
    await sandbox.tell('settle', {});
    const { processorPaymentId } = paid.payment;
    expect(await all(processor.listRefunds(always))).toContainEqual({ processorRefundId, processorPaymentId });
    expect(await all(processor.listDisputes(always))).toContainEqual(expect.objectContaining({ processorPaymentId }));
  });

  it('fails as a look-up does, and is not taken for an empty one', async () => {
    await sandbox.tell('faults', { match: { path: '/v1/refunds', times: 1 }, fault: 'rate_limited' });
    await expect(all(processor.listRefunds(always))).rejects.toThrow(ProcessorUnavailable);
  });
});

describe('events', () => {
  const chargeOf = async (token: string): Promise<{ intent: string; charge: string }> => {
    const intent = (await pay(token)).payment.processorPaymentId;
    const [charge] = (await stripe.charges.list({ payment_intent: intent })).data;
    return { intent, charge: charge?.id ?? '' };
  };

  /** Lets everything happen once of which the sandbox tells. Gives the connected account on which some of it did. */
  const everything = async (): Promise<string> => {
    const held = await pay('pm_card_visa', 'manual');
    await stripe.paymentIntents.capture(held.payment.processorPaymentId, { amount_to_capture: 3_000 });
    const { payment } = await pay('pm_card_visa', 'manual');
    await processor.cancelPayment({ processorPaymentId: payment.processorPaymentId }, randomUUID());
    await pay('pm_card_authenticationRequired');
    await expect(pay('pm_card_chargeCustomerFail')).rejects.toThrow('declined');
    for (const payment_method of ['pm_usBankAccount', 'pm_card_visa']) {
      await stripe.paymentIntents.create({ amount: 500, currency: 'usd', payment_method, confirm: true });
    }
    await refund(await pay('pm_card_refundFail'), 500);
    await sandbox.tell('settle', {});
    const { intent, charge } = await chargeOf('pm_card_visa');
    const review = (await sandbox.tell(`payment_intents/${intent}/review`, {})) as { id?: string };
    await stripe.reviews.approve(String(review.id));
    await sandbox.tell(`charges/${charge}/warn`, { fraud_type: 'misc' });
    const dispute = (await sandbox.tell(`charges/${charge}/dispute`, { inquiry: true })) as { id?: string };
    for (const outcome of ['escalated', 'won', 'lost'])
      await sandbox.tell(`disputes/${dispute.id}/decide`, { outcome });
    const { id: customer } = await stripe.customers.create();
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    await stripe.setupIntents.create({ customer, payment_method: card.id, confirm: true, usage: 'off_session' });
    const { id: setup } = await stripe.setupIntents.create({
      payment_method: 'pm_card_authenticationRequired',
      confirm: true,
    });
    await stripe.setupIntents.cancel(setup);
    const declined = stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined', confirm: true });
    await expect(declined).rejects.toThrow('declined');
    await sandbox.tell(`payment_methods/${card.id}/renew`, { exp_month: 1, exp_year: 2040 });
    await stripe.paymentMethods.detach(card.id);
    await stripe.customers.del(customer);
    const account = await connected();
    await sandbox.tell(`accounts/${account}`, { requirements: 'external_account' });
    await sandbox.tell(`accounts/${account}`, { requirements: '' });
    const as = { stripeAccount: account };
    await stripe.payouts.create({ amount: 1_000, currency: 'usd' }, as);
    await sandbox.tell('settle', {});
    for (const outcome of ['paid', 'failed', 'canceled']) {
      const { id } = await stripe.payouts.create({ amount: 1_000, currency: 'usd' }, as);
      if (outcome === 'failed') await sandbox.tell(`payouts/${id}/conclude`, { outcome: 'paid' });
      await sandbox.tell(`payouts/${id}/conclude`, { outcome });
    }
    return account;
  };

  it('are listed as they would be delivered, and each of a type that is used is read', async () => {
    const account = await everything();
    const listed = [
      ...(await all(processor.listEvents(always))),
      ...(await all(processor.listEvents(always, account))),
    ];
    const readings = listed.map(({ head, body }) => {
      const event = readEvent(body);
      expect(event.head).toEqual(head);
      return { type: head.type, reading: event.reading };
    });
    expect(readings.filter(({ reading }) => reading.kind === 'unreadable')).toEqual([]);
    const read = new Set(readings.filter(({ reading }) => reading.kind === 'news').map(({ type }) => type));
    // Of these the sandbox has no objects: it is told their events word for word.
    const others = /^(mandate|financial_connections)\.|^charge\.refund\.updated$/;
    expect(readTypes.filter((type) => !read.has(type) && !others.test(type))).toEqual([]);
  });
});

describe('the balance', () => {
  it('is told by currency', async () => {
    const before = await processor.fetchBalance();
    await pay();
    const after = await processor.fetchBalance();
    const usd = (balances: typeof after) => balances.find(({ currency }) => currency === 'usd');
    const [{ pending = 0 } = {}, { pending: grown = 0 } = {}] = [usd(before), usd(after)];
    expect(grown - pending).toBe(5_000 - 175);
    expect(Object.keys(usd(after) ?? {}).sort()).toEqual(['available', 'currency', 'pending']);
  });
});
