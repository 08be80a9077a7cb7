import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { schemathesis, schemathesisInstalled } from './openapi-schemathesis.js';

const installed = await schemathesisInstalled();
const skipped = !installed && !process.env.CI;
if (skipped) console.warn('skipped: Schemathesis is missing; pip install -r test/requirements.txt, with its bin on PATH');

/** Every route with ids that exist, so that generated requests get past "not found". */
const idsFor = async (api: RunningApi, tenant: TestTenant): Promise<Record<string, string>> => {
  const customer = (await tenant.post('/v1/customers', { email: 'ada@example.com' })).json.id as string;
  const token = { type: 'card', processorToken: 'pm_card_visa' };
  const method = (await tenant.post(`/v1/customers/${customer}/payment-methods`, token)).json.id as string;
  await api.processor.attaches(tenant.id, customer, method);
  const charged = async (captureMethod: string): Promise<string> => {
    const body = { amount: 5_000, currency: 'usd', customerId: customer, paymentMethodId: method, captureMethod };
    const payment = (await tenant.post('/v1/payments', body)).json.id as string;
    await api.processor.charges(tenant.id, payment);
    return payment;
  };
  return {
    '/v1/customers/{id}': customer,
    '/v1/customers/{id}/payment-methods': customer,
    '/v1/payments/{id}/confirm': await charged('automatic'),
    '/v1/payments/{id}/capture': await charged('manual'),
    '/v1/payments/{id}/cancel': await charged('manual'),
    '/v1/payments/{id}/refunds': await charged('automatic'),
  };
};

(skipped ? describe.skip : describe)('the OpenAPI document, taken at its word by Schemathesis', () => {
  let api: RunningApi;

  beforeAll(async () => {
    if (!installed) throw new Error('Schemathesis is missing: pip install -r test/requirements.txt');
    api = await startApi();
    // Nothing projects here: let those who wait for the read models go on.
    await api.database.admin.query(
      `insert into billing.checkpoint (consumer, shard, position) select 'projector:read-models', s, 1000000000 from generate_series(0, 15) s`,
    );
  });
  afterAll(() => api.close());

  it('finds no 5xx and no undocumented answer', async () => {
    const tenant = await api.tenant();
    const { code, report } = await schemathesis(api.url, tenant.token, await idsFor(api, tenant));
    console.error(report);
    expect(code).toBe(0);
  }, 120_000);
});
