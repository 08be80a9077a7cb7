import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { platformTenantId } from '#access/tenancy';
import type { AccessDenied, AccessEvent, PrivilegedAccessGranted } from '#domain/access';

import { describeWithKafka } from '../../test/kafka/suite.js';
import type { RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer } from './testing/signed-record.js';

describeWithKafka('the access log of a command worker', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  let tenantId: string;
  let otherTenant: string;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    tenantId = await worker.database.addTenant();
    otherTenant = await worker.database.addTenant();
    shop = await worker.signer('shop', { tenants: [tenantId], scopes: ['billing:write'] });
  }, 60_000);
  afterAll(() => worker?.close(), 30_000);

  const email = () => ({ email: `${randomUUID()}@example.com` });
  const eventsOf = async <E extends AccessEvent>(tenant: string, type: E['type']): Promise<E[]> => {
    const { rows } = await worker.database.admin.query<{ data: string }>(
      'select data from billing.event where tenant_id = $1 and type = $2 order by position',
      [tenant, type],
    );
    return rows.map(({ data }) => ({ type, ...(JSON.parse(data) as object) }) as unknown as E);
  };
  const denied = async (tenant: string, code: string): Promise<AccessDenied | undefined> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
      const found = (await eventsOf<AccessDenied>(tenant, 'AccessDenied')).find((event) => event.code === code);
      if (found) return found;
    }
    return undefined;
  };

  it('tells of a record that nobody signed whom we know, in the platform’s log and without what it claims to be', async () => {
    await worker.send({ ...shop, name: 'mallory' }, { tenantId, body: email() });
    expect(await denied(platformTenantId, 'producer_key_unknown')).toEqual({
      ...{
        type: 'AccessDenied',
        channel: 'kafka',
        action: 'customers.create',
        code: 'producer_key_unknown',
        origin: {},
      },
      ...{ namedTenantId: tenantId, count: 1, at: expect.any(String) as string, firstAt: expect.any(String) as string },
    });
  });

  it('tells of a producer that asks for what it may not, in the log of the tenant it serves', async () => {
    const type = 'RefundPayment';
    const result = await worker.ask(shop, { tenantId, type, subject: randomUUID(), body: {} });
    expect(result.json.outcome).toBe('rejected');
    const { code } = result.json.error as { code: string };
    expect(await denied(tenantId, code)).toMatchObject({
      action: 'refunds.create',
      caller: { kind: 'service', subject: 'shop' },
    });
  });

  it('tells of a tenant that the producer does not serve in the platform’s log, and never in that tenant’s', async () => {
    const result = await worker.ask(shop, { tenantId: otherTenant, body: email() });
    const { code } = result.json.error as { code: string };
    expect(await denied(platformTenantId, code)).toMatchObject({
      namedTenantId: otherTenant,
      caller: { subject: 'shop' },
    });
    expect(await eventsOf(otherTenant, 'AccessDenied')).toEqual([]);
  });

  it('has a refund’s privilege before anything of the refund, even where the rules then refuse it', async () => {
    const onBehalfOf = await worker.issuer.issue({ role: 'tenant_admin', tenantId, mfa: true, subject: 'auth0|ada' });
    const subject = randomUUID();
    const result = await worker.ask(shop, { tenantId, type: 'RefundPayment', subject, body: {}, onBehalfOf });
    expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'payment_not_found' } });
    expect(await eventsOf<PrivilegedAccessGranted>(tenantId, 'PrivilegedAccessGranted')).toMatchObject([
      {
        ...{ channel: 'kafka', action: 'refunds.create', grant: 'billing:refund', resource: subject },
        caller: { kind: 'person', subject: 'auth0|ada', roles: ['tenant_admin'], actingParty: 'shop' },
      },
    ]);
  });
});
