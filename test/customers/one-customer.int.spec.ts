import { DevelopmentIssuer } from '#access';
import { developmentIssuer } from '#platform/configuration';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { start } from '../../apps/api/main.js';
import { callOver } from '../../apps/api/testing/call.js';
import type { Reply } from '../../apps/api/testing/call.js';
import { until } from '../../apps/gateway/testing/clock.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';

let bench: Workbench;
let apis: Awaited<ReturnType<typeof start>>[];
let issuer: DevelopmentIssuer;

beforeAll(async () => {
  bench = await Workbench.open();
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: bench.directory,
    DATABASE_URL: bench.database.url('billing_api'),
    PORT: '0',
    LOG_LEVEL: 'silent',
  };
  apis = [await start(environment), await start(environment)];
  const keyPath = join(bench.directory, 'development-issuer.json');
  issuer = await DevelopmentIssuer.open({
    ...{ environment: 'test', keyPath, issuer: developmentIssuer, audience: 'billing-service' },
  });
  await Promise.all([bench.gateway(), bench.gateway()]);
});
afterAll(async () => {
  await Promise.all(apis.map((api) => api.close()));
  await bench.close();
});

interface ProcessorCustomer {
  id: string;
  email: string;
  metadata: { tenantId?: string; customerId?: string };
}

/** A hundred requests at once, each under a key of its own, the spellings and the processes in turn. */
const askAtOnce = async (tenantId: string, spellings: readonly string[]): Promise<Reply[]> => {
  const authorization = `Bearer ${await issuer.issue({ role: 'tenant_admin', tenantId })}`;
  const calls = apis.map(({ url }) => callOver(url, { authorization, prefer: 'wait=0' }));
  return Promise.all(
    Array.from({ length: 100 }, (_, at) => {
      const call = calls[at % calls.length] as (typeof calls)[number];
      const body = { email: spellings[at % spellings.length] };
      return call('POST', '/v1/customers', { body, headers: { 'idempotency-key': randomUUID() } });
    }),
  );
};

/** The tenant's customers at the processor, once it has been told of ours and no call is left. */
const atTheProcessor = async (tenantId: string, customerId: string): Promise<ProcessorCustomer[]> => {
  await until(async () => (await bench.api.customer(tenantId, customerId)).processorCustomerIds.length > 0, 10_000);
  await bench.idle();
  const all = await bench.stripe.list<ProcessorCustomer>('/v1/customers?limit=100');
  return all.filter(({ metadata }) => metadata.tenantId === tenantId);
};

const idsOf = (replies: readonly Reply[]): string[] => [...new Set(replies.map(({ json }) => String(json.id)))];

describe('one email of one tenant', () => {
  it('is one customer, here and at the processor, for a hundred requests at once in any spelling; of another tenant another one', async () => {
    const unique = randomUUID();
    // The last is in full-width letters, as an input method for Japanese may leave them.
    const spellings = [`ada.${unique}@example.com`, `ADA.${unique}@Example.COM`, `ａｄａ.${unique}@example.com`];
    const tenants = [bench.tenantId, await bench.database.addTenant()];
    // The first answer of the processor is lost after it has made the customer: the gateway asks again.
    await bench.stripe.arm({ path: '/v1/customers', fault: 'timeout_after_effect', times: 1 });
    const answers = await Promise.all(tenants.map((tenantId) => askAtOnce(tenantId, spellings)));

    const customerIds = answers.map((replies) => {
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(99);
      const ids = idsOf(replies);
      expect(ids).toHaveLength(1);
      return String(ids[0]);
    });
    expect(new Set(customerIds).size).toBe(2);

    const found = await Promise.all(tenants.map((tenantId, at) => atTheProcessor(tenantId, String(customerIds[at]))));
    expect(found.map((customers) => customers.map(({ metadata }) => metadata))).toEqual(
      tenants.map((tenantId, at) => [{ tenantId, customerId: customerIds[at] }]),
    );
    expect(new Set(found.flat().map(({ id }) => id)).size).toBe(2);
    for (const [at, tenantId] of tenants.entries()) {
      const { processorCustomerIds } = await bench.api.customer(tenantId, String(customerIds[at]));
      expect(processorCustomerIds).toEqual([found[at]?.[0]?.id]);
    }
    const { rows } = await bench.database.admin.query<{ tenant_id: string; created: number }>(
      `select tenant_id, count(*)::int as created from billing.event where type = 'CustomerCreated' group by tenant_id`,
    );
    expect(new Map(rows.map(({ tenant_id, created }) => [tenant_id, created]))).toEqual(
      new Map(tenants.map((tenantId) => [tenantId, 1])),
    );
  });
});
