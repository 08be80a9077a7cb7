import { randomUUID } from 'node:crypto';

import type { PaymentEvent } from '#domain/payment';
import { statusOf } from '#domain/payment';

import type { Asked } from './testing/bench.js';
import { Bench } from './testing/bench.js';
import { authorized, canceled, charge, eventOf, intent, refund, stripeId, succeeded } from './testing/stripe-events.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
  bench.apply();
});
afterAll(() => bench.close());

const applied = (outcome: string, tenantId = bench.tenantId) =>
  expect.objectContaining({ state: 'applied', outcome, reason: null, tenantId }) as unknown;

const lookupsOf = async (asked: Asked): Promise<string[]> =>
  (await bench.events<PaymentEvent>(asked.tenantId, 'payment', asked.paymentId)).flatMap((event) =>
    event.type === 'PaymentLookupRequested' ? [event.reason] : [],
  );

describe('an event about a payment', () => {
  it('that its customer has confirmed records the capture, once, and asks for the settlement', async () => {
    const asked = await bench.waiting();
    expect(await bench.heard(succeeded(bench.fieldsOf(asked)))).toEqual(applied('recorded'));
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
    expect(await lookupsOf(asked)).toEqual(['settlement']);
    const count = await bench.eventCount();
    expect(await bench.heard(succeeded(bench.fieldsOf(asked)))).toEqual(applied('nothing_new'));
    expect(await bench.eventCount()).toBe(count);
  });

  it('tells of what we know from our own call and says nothing new', async () => {
    const asked = await bench.paid();
    const count = await bench.eventCount();
    expect(await bench.heard(succeeded(bench.fieldsOf(asked)))).toEqual(applied('nothing_new'));
    expect(await bench.eventCount()).toBe(count);
  });

  it('carries on the story of whoever asked for the attempt', async () => {
    const asked = await bench.waiting();
    await bench.heard(succeeded(bench.fieldsOf(asked)));
    const captured = (await bench.recorded(asked.tenantId, 'payment', asked.paymentId)).find(
      ({ type }) => type === 'PaymentCaptured',
    );
    expect(captured?.metadata).toMatchObject({
      correlationId: asked.correlationId,
      actor: { type: 'system', subject: 'webhook-ingest' },
    });
  });

  it('shows a hold without its end: it is recorded, and the gateway is to look', async () => {
    const asked = await bench.waiting('manual');
    const fields = { ...bench.fieldsOf(asked), capture_method: 'manual' };
    expect(await bench.heard(authorized(fields))).toEqual(applied('recorded'));
    expect((await bench.payment(asked)).attempts[1]?.authorization).toEqual({ amount: 5_000, multicapture: false });
    expect(await lookupsOf(asked)).toEqual(['hold_incomplete']);
    expect(await bench.heard(authorized(fields))).toEqual(applied('nothing_new'));
  });

  it('shows a hold that is over already: nobody needs to look when it would have ended', async () => {
    const asked = await bench.waiting('manual');
    const fields = { ...bench.fieldsOf(asked), capture_method: 'manual' };
    await bench.heard(succeeded(fields));
    expect(await bench.heard(authorized(fields))).toEqual(applied('recorded'));
    expect(await lookupsOf(asked)).toEqual(['settlement']);
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
  });

  it('attributes what was taken to the capture that is under way, and so does its answer', async () => {
    const asked = await bench.asked('manual');
    const { processorPaymentId } = asked;
    const at = '2026-11-01T10:00:00.000Z';
    const captureId = randomUUID();
    const hold = { attempt: 1, processorPaymentId, amount: 5_000, expiresAt: at, at };
    await bench.record('gateway', asked, [{ type: 'PaymentAuthorized', ...hold }]);
    const taken = { attempt: 1, captureId, processorPaymentId, amount: 3_000, currency: 'usd', final: true, at };
    const asker = randomUUID();
    await bench.record('api', asked, [{ type: 'CaptureRequested', ...taken }], asker);
    expect(await bench.heard(succeeded({ ...bench.fieldsOf(asked), received: 3_000 }))).toEqual(applied('recorded'));
    const payment = await bench.payment(asked);
    expect(Object.keys(payment.captures)).toEqual([captureId]);
    expect(payment.captures[captureId]).toMatchObject({ amount: 3_000, stage: { phase: 'captured' } });
    expect(await lookupsOf(asked)).toEqual([]);
    const recorded = await bench.recorded(asked.tenantId, 'payment', asked.paymentId);
    expect(recorded.find(({ type }) => type === 'PaymentCaptured')?.metadata.correlationId).toBe(asker);
  });

  it('comes late and changes nothing', async () => {
    const asked = await bench.paid();
    const fields = bench.fieldsOf(asked);
    const count = await bench.eventCount();
    const failed = {
      status: 'requires_payment_method',
      last_payment_error: { type: 'card_error', code: 'card_declined' },
    };
    const acting = { status: 'requires_action', next_action: { type: 'redirect_to_url' } };
    for (const [type, stale] of [
      ['payment_failed', failed],
      ['requires_action', acting],
    ] as const) {
      const event = eventOf(`payment_intent.${type}`, intent({ ...fields, ...stale }));
      expect(await bench.heard(event)).toEqual(applied('nothing_new'));
    }
    expect(await bench.eventCount()).toBe(count);
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
  });

  it('says that somebody canceled it at the processor, or that our own cancellation was made', async () => {
    const foreign = await bench.waiting();
    expect(await bench.heard(canceled(bench.fieldsOf(foreign)))).toEqual(applied('recorded'));
    expect((await bench.payment(foreign)).attempts[1]?.stage).toEqual({
      phase: 'canceled',
      reason: 'canceled_at_processor',
    });
    const own = await bench.waiting();
    const { processorPaymentId } = own;
    const at = '2026-11-01T10:00:00.000Z';
    const cancel = { cancelId: randomUUID(), attempt: 1, processorPaymentId, reason: 'duplicate', at };
    await bench.record('api', own, [{ type: 'CancelRequested', ...cancel }]);
    await bench.heard(canceled(bench.fieldsOf(own)));
    expect((await bench.payment(own)).attempts[1]?.stage).toEqual({ phase: 'canceled', reason: 'duplicate' });
  });

  it('never tells of a cancellation that ended an attempt we gave up: that can be tried again', async () => {
    const asked = await bench.asked();
    const { processorPaymentId } = asked;
    const at = '2026-11-01T10:00:00.000Z';
    await bench.record('gateway', asked, [
      { type: 'PaymentFailed', attempt: 1, code: 'processor_unreachable', processorPaymentId, at },
    ]);
    expect(await bench.heard(canceled(bench.fieldsOf(asked)))).toEqual(applied('nothing_new'));
    expect(statusOf(await bench.payment(asked))).toBe('failed');
  });
});

describe('an event about a charge', () => {
  const of = (asked: Asked) => ({
    payment_intent: asked.processorPaymentId,
    customer: asked.processorCustomerId,
    metadata: bench.metadataOf(asked),
    balance_transaction: stripeId('txn'),
  });

  it('that agrees with us says nothing new, and one that does not asks for a look', async () => {
    const asked = await bench.paid();
    expect(await bench.heard(charge('charge.captured', of(asked)))).toEqual(applied('nothing_new'));
    expect(await lookupsOf(asked)).toEqual([]);
    const refunded = { ...of(asked), amount_refunded: 700 };
    expect(await bench.heard(charge('charge.refunded', refunded))).toEqual(applied('looked_up'));
    expect(await lookupsOf(asked)).toEqual(['charge_changed']);
  });

  it('that shows our refund, made or under way, says nothing new', async () => {
    const asked = await bench.paid();
    const { processorPaymentId } = asked;
    const at = '2026-11-01T10:00:00.000Z';
    const terms = { refundId: randomUUID(), processorPaymentId, amount: 700, currency: 'usd', at };
    await bench.record('api', asked, [{ type: 'RefundRequested', ...terms }]);
    const refunded = { ...of(asked), amount_refunded: 700 };
    expect(await bench.heard(charge('charge.refunded', refunded))).toEqual(applied('nothing_new'));
    expect(await bench.heard(charge('charge.updated', of(asked)))).toEqual(applied('nothing_new'));
  });

  it('that has settled now asks for the settlement where we have none', async () => {
    const asked = await bench.waiting();
    await bench.heard(succeeded(bench.fieldsOf(asked)));
    expect(await bench.heard(charge('charge.updated', of(asked)))).toEqual(applied('looked_up'));
    expect(await lookupsOf(asked)).toEqual(['settlement', 'settlement']);
  });
});

describe('an event about a refund', () => {
  const requested = async (asked: Asked, correlationId: string): Promise<string> => {
    const refundId = randomUUID();
    const { processorPaymentId } = asked;
    const at = '2026-11-01T10:00:00.000Z';
    const terms = { refundId, processorPaymentId, amount: 1_000, currency: 'usd', at };
    await bench.record('api', asked, [{ type: 'RefundRequested', ...terms }], correlationId);
    return refundId;
  };

  it('that we asked for answers whoever asked', async () => {
    const asked = await bench.paid();
    const asker = randomUUID();
    const refundId = await requested(asked, asker);
    const metadata = { tenantId: asked.tenantId, paymentId: asked.paymentId, refundId };
    const row = await bench.heard(refund({ payment_intent: asked.processorPaymentId, metadata }));
    expect(row).toEqual(applied('recorded'));
    expect(statusOf(await bench.payment(asked))).toBe('partially_refunded');
    const recorded = await bench.recorded(asked.tenantId, 'payment', asked.paymentId);
    expect(recorded.find(({ type }) => type === 'RefundSucceeded')?.metadata.correlationId).toBe(asker);
    expect(await lookupsOf(asked)).toEqual([]);
  });

  it('that succeeded and failed after all takes it back', async () => {
    const asked = await bench.paid();
    const refundId = await requested(asked, randomUUID());
    const metadata = { tenantId: asked.tenantId, paymentId: asked.paymentId, refundId };
    const fields = { id: stripeId('re'), payment_intent: asked.processorPaymentId, metadata };
    await bench.heard(refund(fields));
    const failed = { ...fields, status: 'failed', failure_reason: 'lost_or_stolen_card' };
    expect(await bench.heard(refund(failed, 'refund.failed'))).toEqual(applied('recorded'));
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
    expect(await bench.heard(refund(fields))).toEqual(applied('nothing_new'));
    expect(statusOf(await bench.payment(asked))).toBe('succeeded');
  });

  it('that nobody here asked for is recorded, flagged, and looked at for its settlement', async () => {
    const asked = await bench.paid();
    const metadata = { tenantId: asked.tenantId, paymentId: asked.paymentId };
    const fields = { id: stripeId('re'), payment_intent: asked.processorPaymentId, metadata };
    expect(await bench.heard(refund(fields, 'refund.created'))).toEqual(applied('recorded'));
    expect(await bench.history(asked)).toEqual(expect.arrayContaining(['RefundSucceeded', 'DriftDetected']));
    expect(await lookupsOf(asked)).toEqual(['settlement']);
    expect(await bench.heard(refund(fields))).toEqual(applied('nothing_new'));
  });
});
