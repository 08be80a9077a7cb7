import { randomUUID } from 'node:crypto';

import type { TenantEvent } from '#domain/tenant';
import { SuspendedTenant, TenantShards, appendOver } from '#event-store';

import { until } from './testing/clock.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.gateway({ timeoutMs: 5_000 });
});
afterAll(() => bench.close());

const suspend = async (tenantId: string): Promise<void> => {
  const pool = bench.database.pool('billing_api', { max: 1 });
  const commandId = randomUUID();
  const event: TenantEvent = { type: 'TenantSuspended', tenantId, reason: 'OPS-1', at: new Date().toISOString() };
  await appendOver(pool)(await new TenantShards(pool).of(tenantId), [
    {
      ...{ tenantId, commandId, correlationId: commandId, fingerprint: Buffer.from(commandId) },
      ...{ streamId: `tenant-${tenantId}`, expectedVersion: 0, actor: { type: 'person', subject: 'tester' } },
      events: [event],
    },
  ]);
};

describe('a tenant that is suspended while a payment is at the processor', () => {
  it('has the payment come to its end, and charges nobody any more', async () => {
    const payer = await bench.payer();
    await bench.stripe.arm({ path: '/v1/payment_intents', fault: 'delay', delayMs: 1_000 });
    const paymentId = await bench.charge(payer);
    await until(async () => (await bench.calls()).length > 0);
    await suspend(bench.tenantId);
    await expect(bench.charge(payer)).rejects.toThrow(SuspendedTenant);
    await bench.reaches(paymentId, 'succeeded', 10_000);
    const { rows } = await bench.database.admin.query<{ type: string }>(
      `select type from billing.event where tenant_id = $1 and type in ('PaymentRequested', 'TenantSuspended', 'PaymentCaptured')
      order by position`,
      [bench.tenantId],
    );
    expect(rows.map(({ type }) => type)).toEqual(['PaymentRequested', 'TenantSuspended', 'PaymentCaptured']);
  });
});
