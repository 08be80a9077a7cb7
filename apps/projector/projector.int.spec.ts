import { randomUUID } from 'node:crypto';

import { appendOver, shardForNewTenant } from '#event-store';
import { CheckpointWatch } from '#log';
import { ConfigurationError } from '#platform/configuration';
import { listPayments, readModelsConsumer, verifyReadModels } from '#projections';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { start } from './main.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const environment = () => ({
  BILLING_ENV: 'test',
  DATABASE_URL: database.url('billing_projector'),
  LOG_LEVEL: 'silent',
});

describe('the projector', () => {
  it('shows what is appended while it runs, and goes on after a restart', async () => {
    const tenantId = await database.addTenant();
    const shard = shardForNewTenant(tenantId);
    const api = database.pool('billing_api');
    const watch = new CheckpointWatch(api, readModelsConsumer);
    const createPayment = async (): Promise<{ paymentId: string; position: number }> => {
      const [paymentId, commandId] = [randomUUID(), randomUUID()];
      const money = { amount: 5_000, currency: 'usd', captureMethod: 'automatic' };
      const at = new Date().toISOString();
      const created = { type: 'PaymentCreated', paymentId, customerId: randomUUID(), ...money, at };
      const [result] = await appendOver(api)(shard, [
        {
          tenantId,
          commandId,
          fingerprint: Buffer.from('same'),
          streamId: `payment-${paymentId}`,
          expectedVersion: 0,
          events: [created],
          correlationId: commandId,
          actor: { type: 'system', subject: 'tester' },
        },
      ]);
      if (result?.status !== 'ok') throw new Error(`append ended in ${result?.status}`);
      return { paymentId, position: result.position };
    };

    for (let run = 0; run < 2; run += 1) {
      const projector = await start(environment());
      const { paymentId, position } = await createPayment();
      expect(await watch.reached(shard, position, 5_000)).toBe(true);
      expect((await listPayments(api, tenantId, { limit: 1 })).data).toMatchObject([{ id: paymentId }]);
      await projector.close();
    }
    const [payments] = (await verifyReadModels(database.pool('billing_projector'))).filter(
      ({ model }) => model === 'payments',
    );
    expect(payments).toMatchObject({ model: 'payments', rows: 2, differing: 0, differences: [] });
  });

  it('does not start without its settings', async () => {
    await expect(start({ ...environment(), BILLING_ENV: '' })).rejects.toThrow(ConfigurationError);
  });
});
