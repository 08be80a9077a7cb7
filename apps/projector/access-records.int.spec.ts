import { platformTenantId } from '#access/tenancy';
import { AccessRecorder } from '#command-handling/access-record';
import { Batcher, TenantShards, appendOver, shardForNewTenant } from '#event-store';
import { CheckpointWatch } from '#log';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { readModelsConsumer, verifyReadModels } from '#projections';

import { createTestDatabase } from '../../test/database/index.js';
import { start } from './main.js';

describe('the projector', () => {
  it('passes over the access log: no read model changes, and nothing is set aside', async () => {
    const database = await createTestDatabase();
    const tenantId = await database.addTenant();
    const api = database.pool('billing_api');
    const projector = await start({
      BILLING_ENV: 'test',
      DATABASE_URL: database.url('billing_projector'),
      LOG_LEVEL: 'silent',
    });
    const recorder = new AccessRecorder({
      ...{ shards: new TenantShards(api), batcher: new Batcher(appendOver(api)), app: 'api' },
      ...{ metrics: createMetrics('api'), logger: createLogger({ app: 'api', level: 'silent' }) },
    });
    const door = { channel: 'http', action: 'refunds.create', origin: {} } as const;
    const caller = { kind: 'person', subject: 'auth0|5f7c' } as const;
    for (const tenant of [tenantId, undefined]) {
      recorder.denied({ ...door, tenantId: tenant, code: 'insufficient_scope' });
      await recorder.granted({ ...door, tenantId: tenant, caller, grant: 'billing:refund' });
    }
    await recorder.close();

    const watch = new CheckpointWatch(api, readModelsConsumer);
    const { rows } = await database.admin.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head where position > 0',
    );
    expect(rows.map(({ shard }) => shard).sort()).toEqual(
      [...new Set([tenantId, platformTenantId].map(shardForNewTenant))].sort(),
    );
    for (const { shard, position } of rows) expect(await watch.reached(shard, Number(position), 10_000)).toBe(true);
    const verified = await verifyReadModels(database.pool('billing_projector'));
    expect(verified.map((model) => [model.rows, model.differing])).toEqual(verified.map(() => [0, 0]));
    expect((await database.admin.query('select from billing.dead_letter')).rowCount).toBe(0);
    await projector.close();
    await database.drop();
  });
});
