import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { TenantStanding } from './tenant-standing.js';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool('billing_api');
});
afterAll(() => database.drop());

const suspend = (tenantId: string, since = 'now()') =>
  database.admin.query(`update billing.tenant set suspended_at = ${since} where id = $1`, [tenantId]);

/** The pool, and how often it was asked; `fails` makes it fail, `held` holds its answers back. */
const counting = () => {
  const counted = { queries: 0, atOnce: 0, most: 0, fails: false, held: Promise.resolve() };
  const query = async (...args: Parameters<Pool['query']>) => {
    counted.queries += 1;
    counted.atOnce += 1;
    counted.most = Math.max(counted.most, counted.atOnce);
    try {
      if (counted.fails) throw new Error('the database is away');
      const answer = await (pool.query(...args) as unknown as Promise<unknown>);
      await counted.held;
      return answer;
    } finally {
      counted.atOnce -= 1;
    }
  };
  return { counted, asked: { query } as unknown as Pool };
};

describe('the standing of a tenant', () => {
  it('lets an active one write, and turns a suspended one away', async () => {
    const standing = new TenantStanding(pool);
    const [active, suspended] = [await database.addTenant(), await database.addTenant()];
    await suspend(suspended);
    await standing.assertMayWrite(active);
    await expect(standing.assertMayWrite(suspended)).rejects.toMatchObject({ status: 403, code: 'tenant_suspended' });
  });

  it('has nothing to say of a tenant that is not there, and refuses what is no id', async () => {
    const standing = new TenantStanding(pool);
    await standing.assertMayWrite(randomUUID());
    await expect(standing.assertMayWrite('')).rejects.toThrow(TypeError);
  });

  it('is looked up once for many at the same time, and again when it is as old as it may be', async () => {
    const { counted, asked } = counting();
    const standing = new TenantStanding(asked, { maxAgeMs: 100 });
    const tenantId = await database.addTenant();
    const many = () => Promise.allSettled(Array.from({ length: 50 }, () => standing.assertMayWrite(tenantId)));
    await many();
    expect(counted.queries).toBe(1);
    await suspend(tenantId);
    await sleep(110);
    const answers = await many();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect([counted.queries, counted.most]).toEqual([2, 1]);
  });

  it('is not told from a look that began too long ago, however late its answer comes', async () => {
    const { counted, asked } = counting();
    const standing = new TenantStanding(asked, { maxAgeMs: 50 });
    const tenantId = await database.addTenant();
    let release = (): void => undefined;
    counted.held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const early = standing.assertMayWrite(tenantId);
    await sleep(100);
    await suspend(tenantId);
    const later = expect(standing.assertMayWrite(tenantId)).rejects.toMatchObject({ code: 'tenant_suspended' });
    release();
    await early;
    await later;
    expect([counted.queries, counted.most]).toEqual([2, 1]);
  });

  it('that could not be read is asked for again by the next', async () => {
    const { counted, asked } = counting();
    const standing = new TenantStanding(asked);
    const tenantId = await database.addTenant();
    counted.fails = true;
    await expect(standing.assertMayWrite(tenantId)).rejects.toThrow('the database is away');
    counted.fails = false;
    await standing.assertMayWrite(tenantId);
  });

  it('is kept of so many tenants at most', async () => {
    const { counted, asked } = counting();
    const standing = new TenantStanding(asked, { maxTenants: 2 });
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [...ids, ids[0] as string]) await standing.assertMayWrite(id);
    expect(counted.queries).toBe(4);
  });
});
