import { randomUUID } from 'node:crypto';

import { FactRecorder, payments, standingFacts } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { Payment } from '#domain/payment';
import { captured } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import type { CancelPayment, CapturePayment, ProcessorPayment } from '#processor';
import { automaticCaptureId } from '#processor';
import { StripeProcessor } from '#processor/stripe';

import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

const payment = (paymentId: string): Promise<Payment> => bench.api.payment(bench.tenantId, paymentId);

/** A hold of 10.00 USD. */
const held = async (): Promise<string> => {
  const paymentId = await bench.charge(await bench.payer(), { captureMethod: 'manual' });
  await bench.reaches(paymentId, 'authorized');
  return paymentId;
};

const capture = async (paymentId: string, terms: { amount: number; final: boolean }): Promise<string> => {
  const captureId = randomUUID();
  await bench.command(paymentId, { type: 'CapturePayment', captureId, ...terms });
  await bench.idle();
  await bench.reaches(paymentId, terms.final ? 'succeeded' : 'authorized');
  await bench.idle();
  return captureId;
};

/** The gross of what a payment's captures were settled with, by captureId. */
const settled = async (paymentId: string): Promise<Record<string, number>> =>
  Object.fromEntries(Object.values((await payment(paymentId)).settlements).map((each) => [each.sourceId, each.gross]));

describe('a payment that is captured in parts', () => {
  it('is settled for each capture, without a word by webhook', async () => {
    await bench.project();
    await bench.gateway({ timeoutMs: 5_000 });
    const paymentId = await held();
    const first = await capture(paymentId, { amount: 300, final: false });
    expect(await settled(paymentId)).toEqual({ [first]: 300 });
    const second = await capture(paymentId, { amount: 500, final: true });
    expect(await settled(paymentId)).toEqual({ [first]: 300, [second]: 500 });
    const { run, findings } = await bench.reconcile();
    expect(findings.filter(({ object }) => object !== 'event')).toEqual([]);
    expect(run).toMatchObject({ state: 'done', drift: '0' });
  });

  it('is settled also for what somebody else has captured', async () => {
    await bench.gateway({ timeoutMs: 5_000 });
    const paymentId = await held();
    const intent = (await payment(paymentId)).attempts[1]?.processorPaymentId ?? '';
    await bench.stripe.post(`/v1/payment_intents/${intent}/capture?amount_to_capture=200&final_capture=false`);
    const ours = await capture(paymentId, { amount: 300, final: false });
    const theirs = automaticCaptureId(paymentId, 1);
    expect(await settled(paymentId)).toEqual({ [ours]: 300, [theirs]: 200 });
  });
});

/** A processor whose answers come after something else has happened there, and was heard of. */
class Overtaken extends StripeProcessor {
  meanwhile: (processorPaymentId: string) => Promise<void> = () => Promise.resolve();

  override async capturePayment(request: CapturePayment, idempotencyKey: string) {
    const outcome = await super.capturePayment(request, idempotencyKey);
    await this.meanwhile(request.processorPaymentId);
    // What Stripe answers where the other capture came first.
    if (outcome.outcome === 'succeeded') outcome.value.captured = 600;
    return outcome;
  }

  override async cancelPayment(request: CancelPayment, idempotencyKey: string) {
    await this.meanwhile(request.processorPaymentId);
    return super.cancelPayment(request, idempotencyKey);
  }
}

describe('an answer that is overtaken by what is heard takes each minor unit once', () => {
  let processor: Overtaken;
  beforeEach(async () => {
    processor = new Overtaken({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url, timeoutMs: 5_000 });
    await bench.gateway({ processor });
  });

  /** Hears, as the webhook ingest does, that so much of a hold of 10.00 USD was captured. */
  const hearing = async (paymentId: string): Promise<(total: number) => Promise<void>> => {
    const { tenantId } = bench;
    const pool = bench.database.pool('billing_webhook_ingest', { max: 2 });
    const recorder = new FactRecorder(new StreamReader(pool), new Batcher(appendOver(pool)), 'webhook-ingest');
    const shard = await new TenantShards(pool).of(tenantId);
    const place = { tenantId, shard, streamId: streamIdOf('payment', paymentId) };
    const processorPaymentId = (await payment(paymentId)).attempts[1]?.processorPaymentId ?? '';
    return async (total) => {
      const told: ProcessorPayment = {
        ...{ status: 'authorized', amount: 1_000 - total, multicapture: true },
        ...{ processorPaymentId, currency: 'usd', captured: total },
      };
      const at = '2026-11-21T00:00:00.000Z';
      const commandId = randomUUID();
      const context = { ...place, commandId, correlationId: commandId };
      const facts = (state: Payment) => standingFacts({ state, attempt: 1 }, told, at)?.facts ?? [];
      await recorder.record(payments, context, facts, await recorder.load(payments, place));
    };
  };

  const captureElsewhere = (intent: string, amount: number, final: boolean) =>
    bench.stripe.post(`/v1/payment_intents/${intent}/capture?amount_to_capture=${amount}&final_capture=${final}`);

  it('by a capture', async () => {
    const paymentId = await held();
    const hear = await hearing(paymentId);
    processor.meanwhile = async (intent) => {
      await captureElsewhere(intent, 300, false);
      await hear(300);
      await hear(600);
    };
    const own = await capture(paymentId, { amount: 300, final: false });
    const after = await payment(paymentId);
    expect(captured(after)).toBe(600);
    expect(Object.keys(after.captures).sort()).toEqual([own, automaticCaptureId(paymentId, 1, 300)].sort());
    expect(Object.values(await settled(paymentId))).toEqual([300, 300]);
  });

  it('by a cancellation that comes too late', async () => {
    const paymentId = await held();
    const hear = await hearing(paymentId);
    processor.meanwhile = async (intent) => {
      await captureElsewhere(intent, 300, false);
      await hear(300);
      await captureElsewhere(intent, 700, true);
    };
    await bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID() });
    await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    expect(captured(await payment(paymentId))).toBe(1_000);
    expect(Object.values(await settled(paymentId)).sort()).toEqual([300, 700]);
    const events = await bench.api.events(bench.tenantId, paymentId);
    const rules = events.flatMap((event) => (event.type === 'DriftDetected' ? [event.rule] : []));
    expect(rules).not.toContain('amount_differs');
  });
});
