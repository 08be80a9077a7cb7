import { randomUUID } from 'node:crypto';

import type { Asked } from './testing/bench.js';
import { Bench } from './testing/bench.js';
import type { StripeEvent } from './testing/stripe-events.js';
import { canceled, charge, dispute, eventOf, refund, stripeId, succeeded } from './testing/stripe-events.js';

/** What an attacker, or a mistake at the processor, makes events claim. None of it may touch anybody's stream. */

let bench: Bench;
let other: string;
let mine: Asked;
let theirs: Asked;
beforeAll(async () => {
  bench = await Bench.open();
  other = await bench.database.addTenant();
  mine = await bench.paid();
  theirs = await bench.paid(await bench.payer(other));
  await bench.project();
  bench.apply();
});
afterAll(() => bench.close());

const quarantined = (reason: string) =>
  expect.objectContaining({ state: 'quarantined', outcome: null, reason }) as unknown;

/** Delivers an event and expects that it is quarantined for `reason` at the first look, and that nothing was recorded. */
const refused = async (event: StripeEvent, reason: string): Promise<void> => {
  const before = await bench.eventCount();
  const row = await bench.heard(event);
  expect(row).toEqual(quarantined(reason));
  expect(row.tries).toBe(1);
  expect(await bench.eventCount()).toBe(before);
};

/** Delivers an event and expects that it waits, and is quarantined for `reason` once fifteen minutes are over. */
const refusedInTheEnd = async (event: StripeEvent, reason: string): Promise<void> => {
  const before = await bench.eventCount();
  expect(await bench.heard(event, ['waiting', 'quarantined'])).toMatchObject({ state: 'waiting', reason });
  bench.aheadMs += 15 * 60_000 + 1_000;
  expect(await bench.lookedAt(event.id, ['quarantined', 'applied'])).toEqual(quarantined(reason));
  expect(await bench.eventCount()).toBe(before);
};

describe('a payment', () => {
  it('of another tenant than the event claims is not touched, in either stream', async () => {
    const { tenantId, paymentId } = mine;
    const claims: Record<string, string>[] = [
      { tenantId: other },
      { tenantId: other, paymentId: theirs.paymentId, attempt: '1' },
      { tenantId: other, paymentId, attempt: '1' },
      { tenantId: other, paymentId: randomUUID(), attempt: '1' },
    ];
    for (const metadata of claims) {
      await refused(canceled({ ...bench.fieldsOf(mine), metadata }), 'tenant_mismatch');
    }
    // And the other way round: their payment, claimed for me.
    await refused(canceled({ ...bench.fieldsOf(theirs), metadata: { tenantId, paymentId } }), 'tenant_mismatch');
  });

  it('of a tenant that does not exist', async () => {
    const claims: Record<string, string>[] = [
      { tenantId: randomUUID() },
      { tenantId: randomUUID(), paymentId: mine.paymentId, attempt: '1' },
    ];
    for (const metadata of claims) {
      await refused(succeeded({ ...bench.fieldsOf(mine), metadata }), 'tenant_unknown');
    }
  });

  it('that is another one of the same tenant, or another attempt', async () => {
    const second = await bench.paid();
    const { tenantId, paymentId } = second;
    await refused(canceled({ ...bench.fieldsOf(mine), metadata: { tenantId, paymentId } }), 'object_mismatch');
    const metadata = { ...bench.metadataOf(mine), attempt: '2' };
    await refused(canceled({ ...bench.fieldsOf(mine), metadata }), 'object_mismatch');
    // An intent that somebody made with our metadata: the attempt has one already.
    await refused(succeeded({ ...bench.fieldsOf(mine), id: stripeId('pi') }), 'object_mismatch');
    const unasked = { ...bench.metadataOf(mine), attempt: '7' };
    await refused(succeeded({ ...bench.fieldsOf(mine), id: stripeId('pi'), metadata: unasked }), 'object_mismatch');
  });

  it('in another currency', async () => {
    await refused(succeeded({ ...bench.fieldsOf(mine), currency: 'eur' }), 'object_mismatch');
  });

  it('of another customer, of this tenant or of another', async () => {
    const { processorCustomerId } = await bench.payer();
    for (const customer of [processorCustomerId, theirs.processorCustomerId, stripeId('cus')]) {
      await refused(succeeded({ ...bench.fieldsOf(mine), customer }), 'customer_mismatch');
    }
    const metadata = { ...bench.metadataOf(mine), customerId: randomUUID() };
    await refused(succeeded({ ...bench.fieldsOf(mine), metadata }), 'customer_mismatch');
  });

  it("of a connected account, by the endpoint that it came to: what it says makes it nobody else's", async () => {
    const event = succeeded(bench.fieldsOf(mine));
    const eventId = await bench.deliver(event, { account: stripeId('acct') });
    expect(await bench.lookedAt(eventId)).toMatchObject({ state: 'quarantined', reason: 'account_mismatch' });
    const unused = succeeded(bench.fieldsOf(mine), { account: stripeId('acct') });
    const other = await bench.deliver(unused, { account: undefined });
    expect(await bench.lookedAt(other)).toMatchObject({ state: 'quarantined', reason: 'account_mismatch' });
  });

  it("of a connected account: payments are the platform's own", async () => {
    await refused(succeeded(bench.fieldsOf(mine), { account: stripeId('acct') }), 'account_mismatch');
    const of = { payment_intent: mine.processorPaymentId };
    await refused({ ...charge('charge.updated', of), account: stripeId('acct') }, 'account_mismatch');
  });

  it('that nothing names waits for the read model, then for a person', async () => {
    await refusedInTheEnd(dispute('created', { payment_intent: stripeId('pi') }), 'no_tenant');
    await refusedInTheEnd(succeeded({ id: stripeId('pi'), customer: null }), 'no_tenant');
  });

  it('that its tenant does not have waits, then for a person', async () => {
    const metadata = { tenantId: bench.tenantId, paymentId: randomUUID(), attempt: '1' };
    await refusedInTheEnd(succeeded({ id: stripeId('pi'), customer: null, metadata }), 'object_unknown');
    const { tenantId } = bench;
    await refusedInTheEnd(succeeded({ id: stripeId('pi'), customer: null, metadata: { tenantId } }), 'object_unknown');
  });

  it('without a claim is found by the read model, and only where its stream agrees', async () => {
    const found = await bench.heard(dispute('created', { payment_intent: mine.processorPaymentId }));
    expect(found).toMatchObject({ state: 'applied', tenantId: mine.tenantId });
    // A row that no stream stands behind: candidates only.
    const forged = stripeId('pi');
    await bench.database.admin.query(
      `insert into billing.rm_processor_object (tenant_id, processor_id, object_id, kind) values ($1, $2, $3, 'payment')`,
      [mine.tenantId, forged, mine.paymentId],
    );
    await refusedInTheEnd(dispute('created', { payment_intent: forged }), 'object_unknown');
    // One processor object that two tenants have: nobody can tell whose it is.
    await bench.database.admin.query(
      `insert into billing.rm_processor_object (tenant_id, processor_id, object_id, kind) values ($1, $2, $3, 'payment')`,
      [other, mine.processorPaymentId, theirs.paymentId],
    );
    await refused(dispute('closed', { payment_intent: mine.processorPaymentId, status: 'lost' }), 'tenant_mismatch');
    await bench.database.admin.query(
      'delete from billing.rm_processor_object where processor_id = $1 and tenant_id = $2',
      [mine.processorPaymentId, other],
    );
  });
});

describe('a refund', () => {
  const requested = async (asked: Asked): Promise<string> => {
    const refundId = randomUUID();
    const { processorPaymentId } = asked;
    const at = '2026-11-01T10:00:00.000Z';
    const terms = { refundId, processorPaymentId, amount: 1_000, currency: 'usd', at };
    await bench.record('api', asked, [{ type: 'RefundRequested', ...terms }]);
    return refundId;
  };

  it("that claims one of another payment, or none that we have, or one that is another of the processor's", async () => {
    const asked = await bench.paid();
    const { tenantId, paymentId, processorPaymentId } = asked;
    const of = { payment_intent: processorPaymentId };
    const elsewhere = await requested(mine);
    for (const refundId of [elsewhere, randomUUID()]) {
      await refused(refund({ ...of, metadata: { tenantId, paymentId, refundId } }), 'object_mismatch');
    }
    const refundId = await requested(asked);
    const metadata = { tenantId, paymentId, refundId };
    expect(await bench.heard(refund({ ...of, metadata }))).toMatchObject({ state: 'applied', outcome: 'recorded' });
    await refused(refund({ ...of, metadata, status: 'failed' }, 'refund.failed'), 'object_mismatch');
  });

  it('of a charge without a payment of ours is not used', async () => {
    const metadata = bench.metadataOf(mine);
    expect(await bench.heard(refund({ payment_intent: null, metadata }))).toMatchObject({
      state: 'ignored',
      reason: 'unused_object',
    });
  });
});

describe('a customer', () => {
  const deleted = (id: string, metadata: Record<string, string>, account?: string) =>
    eventOf('customer.deleted', { id, object: 'customer', metadata }, account === undefined ? {} : { account });

  it("of another tenant, of another customer's id, or of an account is not touched", async () => {
    const { processorCustomerId, customerId } = mine;
    await refused(deleted(processorCustomerId, { tenantId: other, customerId }), 'tenant_mismatch');
    await refused(deleted(processorCustomerId, { tenantId: other, customerId: theirs.customerId }), 'tenant_mismatch');
    await refused(deleted(processorCustomerId, { tenantId: randomUUID(), customerId }), 'tenant_unknown');
    const second = await bench.payer();
    const { tenantId } = second;
    await refused(deleted(processorCustomerId, { tenantId, customerId: second.customerId }), 'customer_mismatch');
    await refused(deleted(stripeId('cus'), { tenantId, customerId }), 'customer_mismatch');
    await refused(deleted(processorCustomerId, { tenantId, customerId }, stripeId('acct')), 'account_mismatch');
  });

  it('that nobody knows waits, then for a person', async () => {
    await refusedInTheEnd(deleted(stripeId('cus'), {}), 'no_tenant');
    const metadata = { tenantId: bench.tenantId, customerId: randomUUID() };
    await refusedInTheEnd(deleted(stripeId('cus'), metadata), 'object_unknown');
  });

  it('is found by its claim, or by the read model', async () => {
    const { tenantId, customerId, processorCustomerId } = await bench.payer();
    await bench.project();
    expect(await bench.heard(deleted(processorCustomerId, {}))).toMatchObject({
      state: 'applied',
      outcome: 'recorded',
    });
    const again = await bench.heard(deleted(processorCustomerId, { tenantId, customerId }));
    expect(again).toMatchObject({ state: 'applied', outcome: 'nothing_new' });
    const events = await bench.events(tenantId, 'customer', customerId);
    expect(events.at(-1)).toMatchObject({ type: 'CustomerDeletedAtProcessor', processorCustomerId });
  });
});
