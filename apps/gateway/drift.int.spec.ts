import { createMetrics } from '#platform/metrics';

import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

it('counts what it finds at the processor that nobody here has asked for, once', async () => {
  const metrics = createMetrics('gateway');
  const counted = async (): Promise<string | undefined> =>
    /^billing_drift_detected_total\{.*rule="refund_not_requested".*\} (\d+)$/m.exec(await metrics.metrics())?.[1];
  await bench.project();
  await bench.gateway({ metrics });
  const payer = await bench.payer();
  await bench.reaches(await bench.charge(payer), 'succeeded');
  await bench.idle();
  expect(await counted()).toBe('0');
  const [intent] = await bench.intents(payer);
  const response = await fetch(`${bench.sandbox.url}/v1/refunds`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_sandbox' },
    body: new URLSearchParams({ payment_intent: String(intent?.id), amount: '100' }),
  });
  expect(response.status).toBe(200);
  for (let times = 0; times < 2; times += 1) {
    await bench.reconcile();
    expect(await counted()).toBe('1');
  }
});
