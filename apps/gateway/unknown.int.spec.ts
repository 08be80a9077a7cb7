import { randomUUID } from 'node:crypto';

import { OperationInProgress } from '#domain/payment';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { StripeProcessor } from '#processor/stripe';

import type { ChargeOptions } from './testing/api.js';
import { until } from './testing/clock.js';
import type { Fault } from './testing/sandbox-view.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

const intents = '/v1/payment_intents';
const hourMs = 3_600_000;

let bench: Workbench;
const lines: string[] = [];
const metrics = createMetrics('gateway');
beforeAll(async () => {
  bench = await Workbench.open();
  const logger = createLogger({ app: 'gateway', level: 'trace', write: (line) => lines.push(line) });
  await bench.gateway({ logger, metrics });
});
afterEach(() => bench.stripe.calm());
afterAll(() => bench.close());

const callOf = (operation: string) =>
  until(async () => (await bench.calls()).find((call) => call.operation === operation));
const unknown = (operation: string) => until(async () => (await callOf(operation)).state === 'unknown');
/** Lets what was put back be due now. */
const soon = () => {
  bench.clock.advance(15 * 60_000);
};
/** Lets the processor forget every key that was used up to now. */
const tomorrow = () => {
  bench.clock.advance(25 * hourMs);
};
const charged = async (payer: Payer, options?: ChargeOptions): Promise<string> => {
  const paymentId = await bench.charge(payer, options);
  await bench.reaches(paymentId, options?.captureMethod === 'manual' ? 'authorized' : 'succeeded');
  return paymentId;
};
const refundsOf = async (payer: Payer) =>
  bench.stripe.list(`/v1/refunds?payment_intent=${(await bench.intents(payer))[0]?.id}`);

describe('a charge whose answer is lost', () => {
  it.each<[string, Omit<Fault, 'path'>]>([
    ['times out after it took effect', { fault: 'timeout_after_effect', delayMs: 5_000 }],
    ['loses its connection after it took effect', { fault: 'reset', afterEffect: true }],
    ['loses its connection before it took effect', { fault: 'reset' }],
    ['is answered by a 500 after it took effect', { fault: 'server_error', afterEffect: true }],
  ])('and that %s is made once, under one key', async (_, fault) => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: intents, ...fault });
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_000 }]);
    expect(await bench.api.history(bench.tenantId, paymentId)).toEqual([
      'PaymentCreated',
      'PaymentRequested',
      'PaymentCaptured',
      'SettlementRecorded',
    ]);
    await bench.idle();
  });

  it.each<[string, Omit<Fault, 'path'>]>([
    ['429', { fault: 'rate_limited', times: 3 }],
    ['409 for its key', { fault: 'conflict', code: 'idempotency_key_in_use', times: 3 }],
    ['409 for a lock', { fault: 'conflict', code: 'lock_timeout', times: 2 }],
  ])('and that is answered by %s was not made: it is sent again until it is', async (_, fault) => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: intents, ...fault });
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    expect(await bench.intents(payer)).toHaveLength(1);
  });

  it('stays in flight while it is unknown: nothing else can be asked of the payment', async () => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: intents, fault: 'reset', afterEffect: true, times: 1_000 });
    const paymentId = await bench.charge(payer);
    await unknown('payment');
    const refund = bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID() });
    await expect(refund).rejects.toThrow(OperationInProgress);
    await bench.stripe.calm();
    soon();
    await bench.reaches(paymentId, 'succeeded');
    expect(await bench.intents(payer)).toHaveLength(1);
  });
});

describe('a charge whose key the processor has forgotten', () => {
  it('is looked up by listing, found, and not made again', async () => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: intents, fault: 'reset', afterEffect: true, times: 1_000 });
    const paymentId = await bench.charge(payer);
    await unknown('payment');
    tomorrow();
    await bench.reaches(paymentId, 'succeeded');
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_000 }]);
    await bench.idle();
  });

  it('and that the processor never made has failed; the next attempt is not poisoned by it (medusa PR #16390)', async () => {
    const payer = await bench.payer();
    // As a stored 500 does: it comes back for as long as the key lives.
    await bench.stripe.arm({ path: intents, fault: 'server_error', times: 1_000 });
    const paymentId = await bench.charge(payer);
    await unknown('payment');
    soon();
    await until(async () => (await callOf('payment')).tries >= 2);
    expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('processing');
    tomorrow();
    const failed = await bench.reaches(paymentId, 'failed');
    expect(failed.attempts[1]?.stage).toMatchObject({ code: 'processor_unreachable' });
    await bench.stripe.calm();
    await bench.command(paymentId, { type: 'ConfirmPayment' });
    await bench.reaches(paymentId, 'succeeded');
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_000 }]);
  });
});

describe('a capture whose answer is lost', () => {
  const capturePath = `${intents}/*/capture`;

  it('is made once when it is sent again (medusa #16292)', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer, { captureMethod: 'manual' });
    await bench.stripe.arm({ path: capturePath, fault: 'timeout_after_effect', delayMs: 5_000 });
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 600 });
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(Object.values(payment.captures)).toMatchObject([{ amount: 600, stage: { phase: 'captured' } }]);
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 600 }]);
  });

  it('lets no second one through while it is unknown (killbill #639, #338)', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer, { captureMethod: 'manual' });
    await bench.stripe.arm({ path: capturePath, fault: 'reset', afterEffect: true, times: 1_000 });
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 400, final: false });
    await unknown('capture');
    const second = bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 600 });
    await expect(second).rejects.toThrow(OperationInProgress);
    tomorrow();
    await until(async () => (await bench.api.history(bench.tenantId, paymentId)).includes('PaymentCaptured'));
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 400 }]);
    await bench.idle();
  });

  it('and that the processor never made has failed a day later, and the hold stands', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer, { captureMethod: 'manual' });
    await bench.stripe.arm({ path: capturePath, fault: 'reset', times: 1_000 });
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID() });
    await unknown('capture');
    tomorrow();
    const payment = await bench.reaches(paymentId, 'authorized');
    expect(Object.values(payment.captures)).toMatchObject([
      { stage: { phase: 'failed', code: 'processor_unreachable' } },
    ]);
  });
});

describe('a cancellation whose answer is lost', () => {
  it('is found a day later', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer, { captureMethod: 'manual' });
    await bench.stripe.arm({ path: `${intents}/*/cancel`, fault: 'reset', afterEffect: true, times: 1_000 });
    await bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID() });
    await unknown('cancel');
    tomorrow();
    await bench.reaches(paymentId, 'canceled');
  });
});

describe('a refund whose answer is lost', () => {
  it('is made once, however often it is sent (medusa #16681, blnk #152)', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer);
    await bench.stripe.arm({ path: '/v1/refunds', fault: 'timeout_after_effect', delayMs: 5_000 });
    await bench.stripe.arm({ path: '/v1/refunds', fault: 'reset', afterEffect: true, times: 2 });
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 300 });
    await until(async () => (await callOf('refund')).tries >= 3);
    soon();
    await bench.reaches(paymentId, 'partially_refunded');
    expect(await refundsOf(payer)).toMatchObject([{ amount: 300 }]);
  });

  it('is found a day later by listing the refunds of its payment', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer);
    await bench.stripe.arm({ path: '/v1/refunds', fault: 'reset', afterEffect: true, times: 1_000 });
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 300 });
    await unknown('refund');
    tomorrow();
    await bench.reaches(paymentId, 'partially_refunded');
    expect(await refundsOf(payer)).toHaveLength(1);
  });

  it('and that the processor never made has failed a day later, and can be asked for again', async () => {
    const payer = await bench.payer();
    const paymentId = await charged(payer);
    await bench.stripe.arm({ path: '/v1/refunds', fault: 'reset', times: 1_000 });
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 300 });
    await unknown('refund');
    tomorrow();
    await bench.reaches(paymentId, 'succeeded');
    await bench.stripe.calm();
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 300 });
    await bench.reaches(paymentId, 'partially_refunded');
    expect(await refundsOf(payer)).toHaveLength(1);
  });
});

describe('a customer or payment method whose answer is lost', () => {
  it('is registered once and found a day later', async () => {
    await bench.stripe.arm({ path: '/v1/customers', fault: 'reset', afterEffect: true, times: 1_000 });
    const customerId = await bench.api.createCustomer(bench.tenantId);
    await unknown('customer');
    tomorrow();
    await until(async () => (await bench.api.customer(bench.tenantId, customerId)).registration.phase === 'registered');
    const all = await bench.stripe.list<{ metadata: Record<string, string> }>('/v1/customers?limit=100');
    expect(all.filter(({ metadata }) => metadata.customerId === customerId)).toHaveLength(1);
  });

  it('is attached once, although the test token names a new method each time it is used', async () => {
    const customerId = await bench.api.createCustomer(bench.tenantId);
    await bench.stripe.arm({ path: '/v1/payment_methods/*/attach', fault: 'timeout_after_effect', delayMs: 5_000 });
    const id = await bench.api.attach(bench.tenantId, customerId);
    await until(async () => (await bench.api.paymentMethod(bench.tenantId, id)).attachment.phase === 'attached');
    const [processorCustomerId] = (await bench.api.customer(bench.tenantId, customerId)).processorCustomerIds;
    expect(await bench.stripe.list(`/v1/customers/${processorCustomerId}/payment_methods`)).toHaveLength(1);
  });

  it('a customer whom the processor cannot register fails the attachment that waits for it', async () => {
    await bench.stripe.arm({ path: '/v1/customers', fault: 'reset', times: 1_000 });
    const customerId = await bench.api.createCustomer(bench.tenantId);
    const id = await bench.api.attach(bench.tenantId, customerId);
    await unknown('customer');
    tomorrow();
    await until(async () => (await bench.api.customer(bench.tenantId, customerId)).registration.phase === 'failed');
    const method = await until(async () => {
      const found = await bench.api.paymentMethod(bench.tenantId, id);
      return found.attachment.phase !== 'requested' && found;
    });
    expect(method.attachment).toMatchObject({ phase: 'failed', code: 'customer_not_registered' });
  });
});

describe('what the gateway tells of all this', () => {
  it('is logged by call id and code: no token, client secret, processor id or personal data', () => {
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.join('')).not.toMatch(/pm_|cus_|pi_|_secret|@example|Lovelace|\d{13}\d{3}/);
  });

  it('is counted by operation and outcome, with the age of what is unknown', async () => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: intents, fault: 'reset', times: 1_000 });
    const paymentId = await bench.charge(payer);
    await unknown('payment');
    bench.clock.advance(5_000);
    const text = await metrics.metrics();
    expect(text).toMatch(/billing_processor_calls_total{operation="capture",outcome="captured",app="gateway"} \d/);
    expect(text).toMatch(/billing_processor_calls_unfinished{state="unknown",app="gateway"} 1/);
    expect(Number(/unknown_age_seconds{app="gateway"} ([\d.]+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(5);
    expect(text).toMatch(/billing_processor_breaker_state{app="gateway"} \d/);
    await bench.stripe.calm();
    soon();
    await bench.reaches(paymentId, 'succeeded');
  });
});

describe('a processor where nobody listens', () => {
  it('loses nothing: calls wait in the table until it is back', async () => {
    const payer = await bench.payer();
    await bench.stop();
    await bench.gateway({
      processor: new StripeProcessor({ apiKey: 'sk_test_sandbox', apiBase: 'http://127.0.0.1:9' }),
    });
    const paymentIds = await Promise.all(Array.from({ length: 30 }, () => bench.charge(payer)));
    await until(async () => (await bench.calls()).filter(({ last_error }) => last_error === 'breaker_open').length > 0);
    await until(async () => (await bench.calls()).length === 30);
    await bench.stop();
    await bench.gateway();
    bench.clock.advance(120_000);
    await Promise.all(paymentIds.map((paymentId) => bench.reaches(paymentId, 'succeeded')));
    expect(await bench.intents(payer)).toHaveLength(30);
  });
});
