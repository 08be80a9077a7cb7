import type { RunningApi } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

describe('/metrics', () => {
  it('counts dead letters and what consumers have not digested, by consumer and of nobody in particular', async () => {
    const tenant = await api.tenant();
    await tenant.post('/v1/customers', { email: 'ada@example.com' });
    const [shard, position] = String((await tenant.get('/v1/events')).json.position).split(':');
    const { admin } = api.database;
    await admin.query(
      `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason, discarded_at, discarded_by, discard_reason)
       select 'projector:read-models', 1, n, $1, 'payment-1', gen_random_uuid(), 'PaymentCreated', case when n = 1 then 'poison' else 'blocked' end,
         case when n = 4 then now() end, case when n = 4 then 'ada' end, case when n = 4 then 'no use' end
       from generate_series(1, 4) n`,
      [tenant.id],
    );
    await admin.query(
      `insert into billing.command_dead_letter (kafka_partition, kafka_offset, appended_at, reason, detail)
       values (0, 1, now(), 'signature_invalid', 'x'), (0, 2, now(), 'signature_invalid', 'x')`,
    );
    await admin.query(
      `insert into billing.checkpoint (consumer, shard, position) values ('projector:read-models', $1, 0)`,
      [shard],
    );
    const text = await (await fetch(`${api.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => /^billing_(dead|consumer)/.test(line));
    expect(lines.sort()).toEqual([
      `billing_consumer_lag_events{consumer="projector:read-models",app="api"} ${position}`,
      'billing_dead_letters{consumer="command-worker:commands",reason="signature_invalid",app="api"} 2',
      'billing_dead_letters{consumer="projector:read-models",reason="blocked",app="api"} 2',
      'billing_dead_letters{consumer="projector:read-models",reason="poison",app="api"} 1',
    ]);
  });
});
