import { tokenDigest } from '#processor';

import { Workbench } from '../testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.gateway();
});
afterAll(() => bench.close());

it('the token that the processor gave is found by its digest, and no other', async () => {
  const { paymentMethodId, processorCustomerId } = await bench.payer('pm_card_visa');
  const [method] = await bench.stripe.list<{ id: string }>(`/v1/customers/${processorCustomerId}/payment_methods`);
  const { rows } = await bench.database.admin.query<{ token_digest: Buffer }>(
    'select token_digest from billing.processor_token where payment_method_id = $1',
    [paymentMethodId],
  );
  expect(rows[0]?.token_digest).toEqual(tokenDigest(String(method?.id)));
  expect(tokenDigest('pm_card_visa')).not.toEqual(rows[0]?.token_digest);
});
