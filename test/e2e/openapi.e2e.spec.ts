import { disputed } from '../../apps/api/testing/disputed.js';
import { charged, createPayer } from '../../apps/api/testing/payer.js';
import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { limitMs, schemathesis, schemathesisInstalled } from './openapi-schemathesis.js';

const missing = 'Schemathesis is not on PATH; install it with: pip install -r test/requirements.txt';
const installed = await schemathesisInstalled();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${missing}\n`);

/** Every route with ids that exist, so that generated requests get past "not found". */
const idsFor = async (api: RunningApi, tenant: TestTenant): Promise<Record<string, string>> => {
  const payer = await createPayer(api, tenant);
  const paid = () => charged(api, tenant, payer);
  const held = () => charged(api, tenant, payer, { captureMethod: 'manual' });
  const refunded = await paid();
  const refund = (await tenant.post(`/v1/payments/${refunded}/refunds`, { amount: 100 })).json.id as string;
  const dispute = await disputed(api, tenant, await paid());
  const contested = await disputed(api, tenant, await paid());
  await api.caughtUp();
  return {
    '/v1/payments/{id}': refunded,
    '/v1/refunds/{id}': refund,
    '/v1/disputes/{id}': dispute,
    '/v1/disputes/{id}/evidence': contested,
    '/v1/payment-methods/{id}': payer.paymentMethodId,
    '/v1/customers/{id}': payer.customerId,
    '/v1/customers/{id}/payment-methods': payer.customerId,
    '/v1/payments/{id}/confirm': await paid(),
    '/v1/payments/{id}/capture': await held(),
    '/v1/payments/{id}/cancel': await held(),
    '/v1/payments/{id}/refunds': await paid(),
  };
};

(skipped ? describe.skip : describe)('the OpenAPI document, taken at its word by Schemathesis', () => {
  let api: RunningApi | undefined;

  beforeAll(async () => {
    if (!installed) throw new Error(missing);
    api = await startApi({ readModels: true });
  });
  afterAll(() => api?.close());

  it(
    'finds no 5xx and no undocumented answer',
    async () => {
      const running = api as RunningApi;
      const tenant = await running.tenant();
      const ids = await idsFor(running, tenant);
      const { code, report } = await schemathesis(running.url, tenant.token, tenant.id, ids);
      if (code !== 0) console.error(report);
      expect(code).toBe(0);
    },
    limitMs + 10_000,
  );
});
