import { randomUUID } from 'node:crypto';

import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import type { Pool } from 'pg';

import { KmsInMemory } from '../../../libs/keys/testing/kms-in-memory.js';
import { until } from '../testing/clock.js';
import { Workbench } from '../testing/workbench.js';
import { ClientSecrets } from './client-secrets.js';

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

const keysOf = (pool: Pool): Keys =>
  new Keys({
    ...{ app: 'gateway', environment: 'test', kms: new KmsInMemory() },
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });

it('a secret that is stored anew while it is being removed stays', async () => {
  const { database, tenantId } = bench;
  const stored = { tenantId, paymentId: randomUUID(), attempt: 1 };
  const now = new Date();
  const pool = database.pool('billing_gateway');
  const secrets = new ClientSecrets(pool, keysOf(pool));
  await secrets.store(stored, 'before', new Date(now.getTime() - 48 * 3_600_000));
  const storing = await database.admin.connect();
  try {
    await storing.query('begin');
    await storing.query(
      `update billing.client_secret set expires_at = now() + interval '1 hour' where payment_id = $1`,
      [stored.paymentId],
    );
    const purged = secrets.purge(now, 10);
    const isWaiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'delete from billing.client_secret%'`;
    await until(async () => (await database.admin.query(isWaiting)).rowCount === 1);
    await storing.query('commit');
    expect(await purged).toBe(0);
  } finally {
    storing.release();
  }
  await database.admin.query('delete from billing.client_secret where payment_id = $1', [stored.paymentId]);
});

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
