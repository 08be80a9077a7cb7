import type { CustomerFact } from '#domain/customer';

import { until } from './testing/clock.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.gateway({ timeoutMs: 5_000 });
});
afterAll(() => bench.close());

const record = (customerId: string, fact: CustomerFact) => bench.recordOfCustomer(customerId, fact);

/** Somebody deletes the customer in the processor's dashboard, and a webhook tells of it. */
const deleteAtProcessor = async ({ customerId, processorCustomerId }: Payer): Promise<void> => {
  const gone = await fetch(`${bench.sandbox.url}/v1/customers/${processorCustomerId}`, {
    method: 'DELETE',
    headers: { authorization: 'Bearer sk_test_sandbox' },
  });
  expect(gone.status).toBe(200);
  const at = bench.clock.now().toISOString();
  await record(customerId, { type: 'RecordCustomerDeleted', processorCustomerId, at });
};

describe('a customer that was deleted at the processor', () => {
  it('is not charged: the attempt ends at once, by the word of the processor', async () => {
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    await deleteAtProcessor(payer);
    const payment = await bench.reaches(await bench.charge(payer), 'failed');
    expect(payment.attempts[1]?.stage).toMatchObject({ phase: 'failed', code: 'resource_missing' });
  });

  it('is not charged by a gateway that has never known another id of it either', async () => {
    const payer = await bench.payer();
    await deleteAtProcessor(payer);
    await bench.stop();
    await bench.gateway({ timeoutMs: 5_000 });
    const payment = await bench.reaches(await bench.charge(payer), 'failed');
    expect(payment.attempts[1]?.stage).toMatchObject({ phase: 'failed', code: 'resource_missing' });
  });

  it('is charged under its other registration, where it has one', async () => {
    const payer = await bench.payer();
    const other = await fetch(`${bench.sandbox.url}/v1/customers`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox' },
    });
    const { id: processorCustomerId } = (await other.json()) as { id: string };
    const at = bench.clock.now().toISOString();
    await record(payer.customerId, { type: 'RegisterCustomer', processorCustomerId, at });
    await deleteAtProcessor(payer);
    // The gateway reads the log in its order: what it has done with this one, it has heard of the deletion before.
    await bench.payer();
    const paymentMethodId = await bench.api.attach(bench.tenantId, payer.customerId);
    const method = await until(async () => {
      const { attachment } = await bench.api.paymentMethod(bench.tenantId, paymentMethodId);
      return attachment.phase !== 'requested' && attachment;
    });
    expect(method).toMatchObject({ phase: 'attached' });
    expect(await bench.stripe.list(`/v1/customers/${processorCustomerId}/payment_methods`)).toHaveLength(1);
  });
});
