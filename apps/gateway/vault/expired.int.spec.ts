import { randomUUID } from 'node:crypto';

import { until } from '../testing/clock.js';
import { Workbench } from '../testing/workbench.js';

const rows = 2_500;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

/** How many are there: expired ones, and those that are still good. */
const left = async (): Promise<{ expired: number; good: number }> => {
  const { rows: counts } = await bench.database.admin.query<{ expired: number; good: number }>(
    `select (count(*) filter (where expires_at < now()))::integer as expired, (count(*) filter (where expires_at >= now()))::integer as good
     from (select expires_at from billing.client_secret union all select expires_at from billing.processor_token) e`,
  );
  return counts[0] ?? { expired: 0, good: 0 };
};

it('whatever has expired is removed in one round, however much it is, and nothing else', async () => {
  const { database, tenantId } = bench;
  await database.admin.query(
    `insert into billing.client_secret (tenant_id, payment_id, attempt, sealed, expires_at)
     select $1, gen_random_uuid(), 1, 'v1.1.x', now() + (case when n > $2 then 1 else -1 end) * interval '1 hour' from generate_series(1, $2 + 3) n`,
    [tenantId, rows],
  );
  await database.admin.query(
    `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, expires_at)
     select $1, gen_random_uuid(), $3, 'v1.1.x', now() + (case when n > $2 then 1 else -1 end) * interval '1 hour' from generate_series(1, $2 + 3) n`,
    [tenantId, rows, randomUUID()],
  );
  expect(await left()).toEqual({ expired: 2 * rows, good: 6 });
  await bench.gateway();
  await until(async () => (await left()).expired === 0);
  expect(await left()).toEqual({ expired: 0, good: 6 });
});
