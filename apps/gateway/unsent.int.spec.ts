import type { Processor } from '#processor';
import { ProcessorUnavailable } from '#processor';
import { StripeProcessor } from '#processor/stripe';

import { until } from './testing/clock.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

const intents = '/v1/payment_intents';

let bench: Workbench;
let payer: Payer;
/** What the gateway calls, with which key, and whether it is the only one. */
let processor: Processor;
let isOneKey: boolean;
beforeAll(async () => {
  bench = await Workbench.open();
  const current = new Proxy({} as Processor, {
    get: (_, name: keyof Processor) => (processor[name] as () => unknown).bind(processor),
  });
  await bench.gateway({ processor: current, isOneKeySince: () => isOneKey });
});
beforeEach(async () => {
  processor = withKey('sk_test_sandbox');
  isOneKey = true;
  payer = await bench.payer();
});
afterEach(() => bench.stripe.calm());
afterAll(() => bench.close());

const withKey = (apiKey: string) => new StripeProcessor({ apiKey, apiBase: bench.sandbox.url, timeoutMs: 2_000 });
const mayNotCharge = () => withKey('rk_test_without_payment_intents_write');
const callIn = (state: string) =>
  until(async () => (await bench.calls()).find((call) => call.operation === 'payment' && call.state === state));
const waitsFor = (error: string) =>
  until(async () => (await bench.calls()).find((call) => call.operation === 'payment' && call.last_error === error));
/** Lets what was put back be due now. */
const soon = () => {
  bench.clock.advance(15 * 60_000);
};

/** A charge of which nobody knows whether it was made: it was, unless `afterEffect` is false. */
const unknownCharge = async (afterEffect = true): Promise<string> => {
  await bench.stripe.arm({ path: intents, fault: 'reset', afterEffect, times: 1_000 });
  const paymentId = await bench.charge(payer);
  await callIn('unknown');
  return paymentId;
};
const loseToken = () =>
  bench.database.admin.query('delete from billing.processor_token where payment_method_id = $1', [
    payer.paymentMethodId,
  ]);
const goOn = async () => {
  await bench.stripe.calm();
  soon();
};
const expectTakenOnce = async (paymentId: string): Promise<void> => {
  await bench.reaches(paymentId, 'succeeded');
  expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_000 }]);
};

describe('a key that may not make charges', () => {
  it('ends no charge that may have been made already: it waits for a key that may', async () => {
    const paymentId = await unknownCharge();
    processor = mayNotCharge();
    await goOn();
    expect(await waitsFor('api_key_forbidden')).toMatchObject({ state: 'unknown' });
    expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('processing');
    processor = withKey('sk_test_sandbox');
    soon();
    await expectTakenOnce(paymentId);
  });

  it('ends none that was never sent either, not even in two days', async () => {
    processor = mayNotCharge();
    const paymentId = await bench.charge(payer);
    for (const hours of [0, 24, 24]) {
      const { tries } = await waitsFor('api_key_forbidden');
      bench.clock.advance(hours * 3_600_000 + 120_000);
      await until(async () => (await callIn('queued')).tries > tries);
    }
    processor = withKey('sk_test_sandbox');
    soon();
    await expectTakenOnce(paymentId);
  });
});

describe('a charge whose outcome is unknown', () => {
  it('is looked for, and not taken for failed, where its token is gone', async () => {
    const paymentId = await unknownCharge();
    await loseToken();
    await goOn();
    await expectTakenOnce(paymentId);
  });

  it('is looked for under every id that its customer has had, where another one is used by now', async () => {
    const paymentId = await unknownCharge();
    const other = await fetch(`${bench.sandbox.url}/v1/customers`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox' },
    });
    const { id } = (await other.json()) as { id: string };
    const at = bench.clock.now().toISOString();
    await bench.recordOfCustomer(payer.customerId, { type: 'RegisterCustomer', processorCustomerId: id, at });
    const deleted = { type: 'RecordCustomerDeleted', processorCustomerId: payer.processorCustomerId, at } as const;
    await bench.recordOfCustomer(payer.customerId, deleted);
    await loseToken();
    await goOn();
    await expectTakenOnce(paymentId);
  });

  it('stays unknown until nothing can come of it any more, where its token is gone and it is not found', async () => {
    const paymentId = await unknownCharge(false);
    await loseToken();
    await goOn();
    expect(await waitsFor('still_unknown')).toMatchObject({ state: 'unknown' });
    expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('processing');
    bench.clock.advance(25 * 3_600_000);
    await bench.reaches(paymentId, 'failed');
    expect(await bench.intents(payer)).toEqual([]);
  });

  it('is looked for before it is sent under another API key', async () => {
    const paymentId = await unknownCharge();
    const other = withKey('sk_test_sandbox');
    other.requestPayment = () => Promise.reject(new ProcessorUnavailable('sent', { sick: false }));
    processor = other;
    isOneKey = false;
    await goOn();
    await expectTakenOnce(paymentId);
  });

  it('is sent under another API key once it was looked for again after a while, and was not there', async () => {
    const paymentId = await unknownCharge(false);
    isOneKey = false;
    await goOn();
    await waitsFor('api_key_changed');
    bench.clock.advance(100_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await waitsFor('api_key_changed')).toMatchObject({ state: 'unknown' });
    soon();
    await expectTakenOnce(paymentId);
  });
});
