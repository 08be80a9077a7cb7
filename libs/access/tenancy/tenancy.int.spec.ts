import type { Pool } from 'pg';
import type { TenantClient } from './index.js';
import { tenantInsert, tenantQuery, tenantStatement, withTenant } from './index.js';
import { createScratchDatabase } from './testing/scratch-database.js';
import type { ScratchDatabase } from './testing/scratch-database.js';

const one = '11111111-1111-4111-8111-111111111111';
const two = '22222222-2222-4222-8222-222222222222';

const ownTenant = `
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))`;
const schema = `
  create table item (
    tenant_id uuid not null,
    item_id int not null,
    note text not null default '',
    primary key (tenant_id, item_id)
  );
  insert into item select t, i, 'n' || i from unnest(array['${one}', '${two}']::uuid[]) t, generate_series(1, 500) i;
  create table part (tenant_id uuid not null, item_id int not null, part int not null, primary key (tenant_id, item_id, part));
  insert into part select tenant_id, item_id, p from item, generate_series(1, 3) p;
  analyze item, part;
  alter table item enable row level security;
  alter table item force row level security;
  alter table part enable row level security;
  alter table part force row level security;
  create policy own_tenant on item to :role ${ownTenant};
  create policy own_tenant on part to :role ${ownTenant};
  grant select, insert, update, delete on item, part to :role;`;

const firstItems = tenantStatement(
  'first_items',
  'select tenant_id, item_id from item where tenant_id = t.tenant_id and item_id > $2::int order by item_id desc limit 3',
);
const everything = tenantStatement('everything', 'select tenant_id from item where t.tenant_id is not null');
const partsOfItem = tenantStatement(
  'parts_of_item',
  `select part.* from item join part using (tenant_id, item_id) where item.tenant_id = t.tenant_id and item.item_id <= $2::int`,
);
const addItem = tenantInsert('add_item', 'insert into item (tenant_id, item_id) select t.tenant_id, $2::int from t');
const addForeign = tenantInsert(
  'add_foreign',
  `insert into item (tenant_id, item_id) select '${two}', $2::int from t where t.tenant_id is not null`,
);

interface Item {
  tenant_id: string;
  item_id: number;
}

let database: ScratchDatabase;
let pool: Pool;
beforeAll(async () => {
  // One connection, so that what a request leaves behind meets the next one.
  database = await createScratchDatabase(process.env.TEST_DATABASE_URL, schema, 1);
  pool = database.pool;
});
afterAll(() => database.drop());

const remaining = async (client: TenantClient = pool) => {
  const { rows } = await client.query<{ tenant: string | null; items: number }>(
    `select nullif(current_setting('app.tenant_id', true), '') as tenant, (select count(*)::int from item) as items`,
  );
  return rows[0];
};
const nothing = { tenant: null, items: 0 };

describe('a statement that sets its own tenant', () => {
  it('reads rows of that tenant only, in the order it asks for, and leaves no tenant behind', async () => {
    for (const tenant of [one, two]) {
      const rows = await tenantQuery<Item>(pool, firstItems, tenant, [10]);
      expect(rows).toEqual([500, 499, 498].map((item_id) => ({ tenant_id: tenant, item_id })));
      expect(await remaining()).toEqual(nothing);
    }
  });

  it('is held to its tenant by the policy even where the condition is forgotten', async () => {
    const rows = await tenantQuery<Item>(pool, everything, one);
    expect(rows).toHaveLength(500);
    expect(new Set(rows.map((row) => row.tenant_id))).toEqual(new Set([one]));
  });

  it('sees its tenant under every plan that Postgres may choose', async () => {
    const client = await pool.connect();
    const reads = [
      { text: firstItems.text, values: [one, 10], expected: 3 },
      { text: everything.text, values: [one], expected: 500 },
      { text: partsOfItem.text, values: [one, 2], expected: 6 },
    ];
    const settings = ['plan_cache_mode = force_generic_plan', 'plan_cache_mode = force_custom_plan'].concat(
      ['nestloop', 'hashjoin', 'mergejoin', 'seqscan', 'indexscan', 'bitmapscan', 'material'].map(
        (way) => `enable_${way} = off`,
      ),
    );
    try {
      for (const setting of settings) {
        await client.query(`set ${setting}`);
        await client.query('deallocate all');
        for (const { text, values, expected } of reads) {
          const { rowCount } = await client.query({ text, values });
          expect([setting, rowCount]).toEqual([setting, expected]);
        }
        await client.query(`reset ${setting.split(' ')[0] ?? ''}`);
      }
    } finally {
      client.release(true);
    }
  });

  it('would read nothing without lateral and offset 0: the policies of two joined tables are compared before the tenant is set', async () => {
    const body =
      'select part.* from t join item using (tenant_id) join part using (tenant_id, item_id) where item_id <= $2::int';
    const unfenced = partsOfItem.text.slice(0, partsOfItem.text.indexOf('select q.*')) + body;
    expect((await pool.query(unfenced, [one, 2])).rowCount).toBe(0);
    expect(await tenantQuery(pool, partsOfItem, one, [2])).toHaveLength(6);
  });

  it('inserts for its tenant, and cannot for another', async () => {
    await tenantQuery(pool, addItem, one, [1_000]);
    expect(await tenantQuery<Item>(pool, firstItems, one, [999])).toEqual([{ tenant_id: one, item_id: 1_000 }]);
    expect(await tenantQuery<Item>(pool, firstItems, two, [999])).toEqual([]);
    await expect(tenantQuery(pool, addForeign, one, [1_001])).rejects.toThrow('row-level security');
    expect(await remaining()).toEqual(nothing);
  });

  it('leaves no tenant behind when it fails', async () => {
    await expect(tenantQuery(pool, firstItems, one, ['not a number'])).rejects.toThrow('invalid input syntax');
    expect(await remaining()).toEqual(nothing);
  });
});

describe('a transaction with a tenant', () => {
  it('sees that tenant, and the next user of the connection sees none', async () => {
    await withTenant(pool, two, async (client) => {
      expect(await remaining(client)).toEqual({ tenant: two, items: 500 });
    });
    expect(await remaining()).toEqual(nothing);
  });

  it('rolls back and leaves no tenant behind when the work throws, or a statement fails', async () => {
    const failures: [string, (client: TenantClient) => Promise<unknown>][] = [
      ['changed its mind', () => Promise.reject(new Error('changed its mind'))],
      ['division by zero', (client) => client.query('select 1 / 0')],
      ['row-level security', (client) => client.query(`update item set tenant_id = '${one}' where item_id = 7`)],
    ];
    for (const [message, fail] of failures) {
      const work = async (client: TenantClient) => {
        await client.query(`update item set note = 'changed' where item_id = 7`);
        await fail(client);
      };
      await expect(withTenant(pool, two, work)).rejects.toThrow(message);
      expect(await remaining()).toEqual(nothing);
    }
    const { rows } = await database.superuser.query(`select note from item where item_id = 7`);
    expect(rows).toEqual([{ note: 'n7' }, { note: 'n7' }]);
  });

  it('is not taken for committed when a failed statement was swallowed', async () => {
    const work = async (client: TenantClient) => {
      await client.query('select 1 / 0').catch(() => undefined);
      return 'done';
    };
    await expect(withTenant(pool, two, work)).rejects.toThrow('rolled back at commit');
    expect(await remaining()).toEqual(nothing);
  });

  it('survives the loss of its connection, and the pool goes on', async () => {
    const work = async (client: TenantClient) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.superuser.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await client.query('select 1');
    };
    await expect(withTenant(pool, two, work)).rejects.toThrow();
    expect(await remaining()).toEqual(nothing);
    expect(pool.totalCount).toBe(1);
  });
});

describe('a tenant id', () => {
  it.each([[''], ['x'], [`${one}'; drop table item; --`], [`${one}\n`], ['{11111111-1111-4111-8111-111111111111}']])(
    '%j is refused before it reaches a connection',
    async (tenant) => {
      const before = pool.totalCount;
      await expect(tenantQuery(pool, firstItems, tenant, [1])).rejects.toThrow(TypeError);
      await expect(withTenant(pool, tenant, () => Promise.resolve())).rejects.toThrow(TypeError);
      expect(pool.totalCount).toBe(before);
    },
  );
});

describe('a statement that forgets its tenant', () => {
  it.each([
    ['a read without it', () => tenantStatement('a', 'select 1 from item')],
    ['a read that is an update', () => tenantStatement('a', 'update item set note = t.tenant_id')],
    ['an insert without it', () => tenantInsert('a', 'insert into item values ($2)')],
    [
      'an insert that does not come from t',
      () => tenantInsert('a', 'insert into item select t.tenant_id, 1 from x as t'),
    ],
    ['a delete', () => tenantInsert('a', 'delete from item using t where item.tenant_id = t.tenant_id')],
  ])('is refused when it is written: %s', (_, write) => {
    expect(write).toThrow();
  });
});
