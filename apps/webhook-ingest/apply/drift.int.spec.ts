import { Bench } from './testing/bench.js';
import { refund, stripeId } from './testing/stripe-events.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
  bench.apply();
});
afterAll(() => bench.close());

const counted = async (): Promise<string | undefined> =>
  /^billing_drift_detected_total\{.*rule="refund_not_requested".*\} (\d+)$/m.exec(await bench.metrics.metrics())?.[1];

it('counts what an event says that we did not believe possible, once, however often it comes', async () => {
  expect(await counted()).toBe('0');
  const asked = await bench.paid();
  await bench.project();
  const made = { id: stripeId('re'), payment_intent: asked.processorPaymentId, amount: 700 };
  for (let times = 0; times < 3; times += 1) {
    expect(await bench.heard(refund(made))).toMatchObject({ state: 'applied' });
    expect(await counted()).toBe('1');
  }
});
