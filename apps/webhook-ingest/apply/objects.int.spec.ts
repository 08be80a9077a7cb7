import { randomUUID } from 'node:crypto';

import { disputeIdOf, foreignPayoutId } from '#command-handling/facts';
import type { DomainEvent } from '#contracts';
import type { ConnectedAccountEvent } from '#domain/connected-account';
import { statusOf } from '#domain/payment';
import type { PaymentMethodEvent } from '#domain/payment-method';
import { tokenDigest } from '#processor';

import type { Payer } from './testing/bench.js';
import { Bench } from './testing/bench.js';
import { account, dispute, eventOf, movement, paymentMethod, payout, stripeId } from './testing/stripe-events.js';

let bench: Bench;
let other: string;
beforeAll(async () => {
  bench = await Bench.open();
  other = await bench.database.addTenant();
  bench.apply();
});
afterAll(() => bench.close());

const at = '2026-11-01T10:00:00.000Z';
const applied = (outcome: string) => expect.objectContaining({ state: 'applied', outcome, reason: null }) as unknown;
const quarantined = (reason: string) => expect.objectContaining({ state: 'quarantined', reason }) as unknown;

const last = async (
  tenantId: string,
  kind: 'payout' | 'connected_account' | 'payment_method' | 'customer',
  id: string,
) => (await bench.events<DomainEvent>(tenantId, kind, id)).at(-1);

/** An account that an operator has linked to a tenant. */
const linked = async (
  tenantId = bench.tenantId,
): Promise<{ connectedAccountId: string; processorAccountId: string }> => {
  const connectedAccountId = randomUUID();
  const processorAccountId = stripeId('acct');
  const event: ConnectedAccountEvent = { type: 'ConnectedAccountLinked', connectedAccountId, processorAccountId, at };
  await bench.append('api', tenantId, 'connected_account', connectedAccountId, [event]);
  await bench.project();
  return { connectedAccountId, processorAccountId };
};

describe('a dispute', () => {
  it('takes the money, and its loss keeps it, whatever order that is told in', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2, 1, 2, 0],
    ]) {
      const asked = await bench.paid();
      await bench.project();
      const withdrawn = movement(-5_000, 1_500);
      const of = { id: stripeId('du'), payment_intent: asked.processorPaymentId };
      const told = [
        () => dispute('created', of),
        () => dispute('funds_withdrawn', { ...of, balance_transactions: [withdrawn] }),
        () => dispute('closed', { ...of, balance_transactions: [withdrawn], status: 'lost' }),
      ];
      for (const nr of order) await bench.heard((told[nr] as () => ReturnType<typeof dispute>)());
      const payment = await bench.payment(asked);
      const disputeId = disputeIdOf(asked.paymentId, of.id);
      expect(payment.disputes[disputeId]).toMatchObject({ amount: 5_000, lost: true, won: false });
      expect(payment.settlements[withdrawn.id]).toMatchObject({
        source: 'dispute',
        sourceId: disputeId,
        gross: -5_000,
      });
      expect(statusOf(payment)).toBe('disputed');
    }
  });

  it('that is only asked about moves nothing', async () => {
    const asked = await bench.paid();
    await bench.project();
    const of = { payment_intent: asked.processorPaymentId };
    expect(await bench.heard(dispute('created', { ...of, status: 'warning_needs_response' }))).toEqual(
      applied('recorded'),
    );
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
  });
});

describe('a payout', () => {
  it('of a linked account is recorded, and one that was paid can fail', async () => {
    const { processorAccountId } = await linked();
    const fields = { id: stripeId('po'), metadata: { tenantId: bench.tenantId } };
    const payoutId = foreignPayoutId(bench.tenantId, fields.id);
    const more = { account: processorAccountId };
    expect(await bench.heard(payout('paid', fields, more))).toEqual(applied('recorded'));
    expect(await bench.heard(payout('created', fields, more))).toEqual(applied('nothing_new'));
    const failed = { ...fields, failure_code: 'account_closed' };
    expect(await bench.heard(payout('failed', failed, { account: processorAccountId }))).toEqual(applied('recorded'));
    expect(await last(bench.tenantId, 'payout', payoutId)).toMatchObject({
      type: 'PayoutFailed',
      code: 'account_closed',
      reverses: 'paid',
    });
  });

  it('is one payout, whatever the owner of its account writes into its metadata', async () => {
    const { processorAccountId } = await linked();
    const id = stripeId('po');
    const before = await bench.eventCount();
    for (const type of ['created', 'paid', 'paid', 'created']) {
      const fields = { id, metadata: { payoutId: randomUUID() } };
      await bench.heard(payout(type, fields, { account: processorAccountId }));
    }
    expect(await bench.eventCount()).toBe(before + 2); // reported and paid
  });

  it('of a linked account is recorded where only the endpoint that it came to says which', async () => {
    const { connectedAccountId: _, processorAccountId } = await linked();
    const eventId = await bench.deliver(payout('paid', {}), { account: processorAccountId });
    expect(await bench.lookedAt(eventId)).toEqual(applied('recorded'));
  });

  it("of an account that is another tenant's is not touched", async () => {
    const theirs = await linked(other);
    const mine = await linked();
    const metadata = { tenantId: bench.tenantId };
    const before = await bench.eventCount();
    const claimed = payout('paid', { metadata }, { account: theirs.processorAccountId });
    expect(await bench.heard(claimed)).toEqual(quarantined('tenant_mismatch'));
    const unknown = payout('paid', { metadata: { tenantId: randomUUID() } }, { account: mine.processorAccountId });
    expect(await bench.heard(unknown)).toEqual(quarantined('tenant_unknown'));
    expect(await bench.heard(payout('paid', { metadata }))).toEqual(quarantined('account_mismatch'));
    expect(await bench.eventCount()).toBe(before);
    const id = stripeId('po');
    await bench.heard(payout('paid', { id }, { account: mine.processorAccountId }));
    const second = await linked();
    expect(await bench.heard(payout('failed', { id }, { account: second.processorAccountId }))).toEqual(
      quarantined('account_mismatch'),
    );
  });

  it("of the platform itself is no tenant's", async () => {
    expect(await bench.heard(payout('paid', {}))).toMatchObject({ state: 'ignored', reason: 'unused_object' });
  });
});

describe('a connected account', () => {
  it("that is the platform itself is no tenant's", async () => {
    expect(await bench.heard(account(stripeId('acct')))).toMatchObject({ state: 'ignored', reason: 'unused_object' });
  });

  it('that has changed is looked at, whether a snapshot or a thin event says so', async () => {
    const { connectedAccountId, processorAccountId } = await linked();
    const more = { account: processorAccountId };
    expect(await bench.heard(account(processorAccountId, more))).toEqual(applied('looked_up'));
    const thin = {
      id: stripeId('evt'),
      object: 'v2.core.event',
      type: 'v2.core.account.updated',
      livemode: false,
      created: at,
      context: processorAccountId,
      related_object: {
        id: processorAccountId,
        type: 'v2.core.account',
        url: `/v2/core/accounts/${processorAccountId}`,
      },
    };
    expect(await bench.heard({ ...thin, account: processorAccountId })).toEqual(applied('looked_up'));
    expect(await last(bench.tenantId, 'connected_account', connectedAccountId)).toMatchObject({
      type: 'ConnectedAccountLookupRequested',
      processorAccountId,
    });
  });

  it('that another account tells of is not touched, and one that nobody linked waits', async () => {
    const { processorAccountId } = await linked();
    const told = account(processorAccountId, { account: stripeId('acct') });
    expect(await bench.heard(told)).toEqual(quarantined('account_mismatch'));
    const unlinked = stripeId('acct');
    const row = await bench.heard(account(unlinked, { account: unlinked }));
    expect(row).toMatchObject({ state: 'waiting', reason: 'no_tenant' });
  });
});

describe('a payment method', () => {
  /** One that is attached, and its token at the processor. */
  const attached = async (payer: Payer): Promise<{ paymentMethodId: string; token: string }> => {
    const paymentMethodId = randomUUID();
    const token = stripeId('pm');
    const { tenantId, customerId } = payer;
    await bench.database.admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, token_digest)
       values ($1, $2, $3, 'sealed', $4)`,
      [tenantId, paymentMethodId, customerId, tokenDigest(token)],
    );
    const requested: PaymentMethodEvent = {
      type: 'PaymentMethodAttachRequested',
      paymentMethodId,
      customerId,
      kind: 'card',
      at,
    };
    await bench.append('api', tenantId, 'payment_method', paymentMethodId, [requested]);
    const told: PaymentMethodEvent = { type: 'PaymentMethodAttached', details: 'sealed', at };
    await bench.append('gateway', tenantId, 'payment_method', paymentMethodId, [told]);
    return { paymentMethodId, token };
  };

  it('that was detached is recorded so, and one whose card was issued anew is looked at', async () => {
    const payer = await bench.payer();
    const { tenantId, processorCustomerId: customer } = payer;
    const { paymentMethodId, token: id } = await attached(payer);
    const metadata = { tenantId, paymentMethodId };
    expect(await bench.heard(paymentMethod('attached', { id, customer, metadata }))).toEqual(applied('nothing_new'));
    expect(await bench.heard(paymentMethod('automatically_updated', { id, customer, metadata }))).toEqual(
      applied('looked_up'),
    );
    const setup = { id: stripeId('seti'), object: 'setup_intent', payment_method: id, customer, metadata };
    expect(await bench.heard(eventOf('setup_intent.succeeded', { ...setup, status: 'succeeded' }))).toEqual(
      applied('looked_up'),
    );
    expect(await bench.heard(paymentMethod('detached', { id, metadata }, { customer }))).toEqual(applied('recorded'));
    expect(await last(tenantId, 'payment_method', paymentMethodId)).toMatchObject({ type: 'PaymentMethodDetached' });
  });

  it('is found by its token where nothing is claimed, and a claim without token or customer is only looked at', async () => {
    const payer = await bench.payer();
    const { tenantId } = payer;
    const unclaimed = await attached(payer);
    expect(await bench.heard(paymentMethod('detached', { id: unclaimed.token }))).toEqual(applied('recorded'));
    const { paymentMethodId } = await attached(payer);
    await bench.database.admin.query(
      'update billing.processor_token set token_digest = null where payment_method_id = $1',
      [paymentMethodId],
    );
    const metadata = { tenantId, paymentMethodId };
    expect(await bench.heard(paymentMethod('detached', { metadata }))).toEqual(applied('looked_up'));
    const customer = payer.processorCustomerId;
    expect(await bench.heard(paymentMethod('detached', { metadata }, { customer }))).toEqual(applied('recorded'));
  });

  it('of another tenant, customer or token is not touched', async () => {
    const payer = await bench.payer();
    const second = await bench.payer();
    const theirs = await bench.payer(other);
    const { tenantId, processorCustomerId: customer } = payer;
    const mine = await attached(payer);
    const alsoMine = await attached(payer);
    const foreign = await attached(theirs);
    const { paymentMethodId, token } = mine;
    const detached = (id: string, metadata: Record<string, string>, from = customer) =>
      bench.heard(paymentMethod('detached', { id, metadata }, { customer: from }));
    const before = await bench.eventCount();
    for (const from of [second.processorCustomerId, theirs.processorCustomerId]) {
      expect(await detached(token, { tenantId, paymentMethodId }, from)).toEqual(quarantined('customer_mismatch'));
    }
    const claims: [string, Record<string, string>, string][] = [
      [token, { tenantId: other, paymentMethodId }, 'tenant_mismatch'],
      [token, { tenantId: other, paymentMethodId: foreign.paymentMethodId }, 'tenant_mismatch'],
      [foreign.token, { tenantId, paymentMethodId }, 'tenant_mismatch'],
      [token, { tenantId: randomUUID(), paymentMethodId }, 'tenant_unknown'],
      [token, { tenantId, paymentMethodId: alsoMine.paymentMethodId }, 'object_mismatch'],
      [stripeId('pm'), { paymentMethodId }, 'no_tenant'],
    ];
    for (const [id, metadata, reason] of claims) expect(await detached(id, metadata)).toEqual(quarantined(reason));
    const elsewhere = await detached(stripeId('pm'), { tenantId: other, paymentMethodId });
    expect(elsewhere).toMatchObject({ state: 'waiting', reason: 'object_unknown' });
    const ofAccount = paymentMethod('detached', { id: token, metadata: {} }, { customer });
    expect(await bench.heard({ ...ofAccount, account: stripeId('acct') })).toEqual(quarantined('account_mismatch'));
    expect(await bench.eventCount()).toBe(before);
  });

  it('that we did not attach is not mirrored', async () => {
    const { processorCustomerId: customer } = await bench.payer();
    const notMirrored = { state: 'ignored', reason: 'not_mirrored' };
    expect(await bench.heard(paymentMethod('attached', { customer }))).toMatchObject(notMirrored);
    const mandate = { id: stripeId('mandate'), object: 'mandate', status: 'inactive', payment_method: stripeId('pm') };
    expect(await bench.heard(eventOf('mandate.updated', mandate))).toMatchObject(notMirrored);
  });

  it('has mandates, which name it by its token', async () => {
    const payer = await bench.payer();
    const { paymentMethodId, token } = await attached(payer);
    const mandate = { id: stripeId('mandate'), object: 'mandate', status: 'inactive', payment_method: token };
    expect(await bench.heard(eventOf('mandate.updated', mandate))).toEqual(applied('recorded'));
    expect(await last(payer.tenantId, 'payment_method', paymentMethodId)).toMatchObject({
      type: 'MandateReported',
      status: 'inactive',
    });
    expect(JSON.stringify(await bench.events(payer.tenantId, 'payment_method', paymentMethodId))).not.toContain(token);
  });
});

describe('what else is heard', () => {
  it('of a payment: reviews and warnings of fraud', async () => {
    const asked = await bench.paid();
    await bench.project();
    const of = { payment_intent: asked.processorPaymentId };
    const review = { id: stripeId('prv'), object: 'review', ...of, open: true, reason: 'rule', opened_reason: 'rule' };
    expect(await bench.heard(eventOf('review.opened', { ...review, closed_reason: null }))).toEqual(
      applied('recorded'),
    );
    const closed = { ...review, open: false, reason: 'approved', closed_reason: 'approved' };
    expect(await bench.heard(eventOf('review.closed', closed))).toEqual(applied('recorded'));
    const warning = { object: 'radar.early_fraud_warning', ...of, fraud_type: 'misc', actionable: true };
    const warned = { id: stripeId('issfr'), charge: stripeId('ch'), ...warning };
    expect(await bench.heard(eventOf('radar.early_fraud_warning.created', warned))).toEqual(applied('recorded'));
    expect(await bench.history(asked)).toEqual(
      expect.arrayContaining(['ProcessorReviewReported', 'FraudWarningReceived']),
    );
  });

  it('of a customer: bank accounts', async () => {
    const { tenantId, customerId, processorCustomerId } = await bench.payer();
    await bench.project();
    const connected = {
      id: stripeId('fca'),
      object: 'financial_connections.account',
      account_holder: { type: 'customer', customer: processorCustomerId },
      status: 'active',
    };
    expect(await bench.heard(eventOf('financial_connections.account.created', connected))).toEqual(applied('recorded'));
    expect(await last(tenantId, 'customer', customerId)).toMatchObject({
      type: 'FinancialAccountReported',
      connected: true,
    });
  });

  it('of what has nothing to do with us is ignored', async () => {
    const review = { id: stripeId('prv'), object: 'review', payment_intent: null, open: true, reason: 'rule' };
    for (const [event, reason] of [
      [eventOf('review.opened', review), 'unused_object'],
      [dispute('created', { payment_intent: null }), 'unused_object'],
      [eventOf('product.created', { id: stripeId('prod'), object: 'product' }), 'type_not_used'],
      [eventOf('invoice.paid', { id: stripeId('in'), object: 'invoice' }), 'not_mirrored'],
    ] as const) {
      expect(await bench.heard(event)).toMatchObject({ state: 'ignored', reason });
    }
  });
});
