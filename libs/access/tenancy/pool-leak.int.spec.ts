import { openPool } from '#platform/database';
import type { Pool, PoolClient } from 'pg';

import type { TenantClient } from './index.js';
import { tenantInsert, tenantQuery, tenantStatement, TransactionEnded, withTenant } from './index.js';
import type { ScratchDatabase } from './testing/scratch-database.js';
import { createScratchDatabase } from './testing/scratch-database.js';

const tenant = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';

const schema = `
  create table item (tenant_id uuid not null, item_id int not null, primary key (tenant_id, item_id));
  insert into item select t, 1 from unnest(array['${tenant}', '${other}']::uuid[]) t;
  alter table item enable row level security;
  alter table item force row level security;
  create policy own_tenant on item to :role
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
  grant select, insert, update, delete on item to :role;
  create function refuse() returns trigger language plpgsql as $$ begin raise 'refused at commit'; end $$;
  create constraint trigger at_commit after insert on item deferrable initially deferred
    for each row when (new.item_id = 13) execute function refuse();`;

const read = tenantStatement('read', 'select item_id from item where tenant_id = t.tenant_id and item_id <> $2::int');
const sleep = tenantStatement('sleep', 'select t.tenant_id, pg_sleep($2::int)');
const insert = tenantInsert('insert', 'insert into item select t.tenant_id, $2::int from t');
const slowInsert = tenantInsert('slow', 'insert into item select t.tenant_id, $2::int from t, pg_sleep(20)');

let database: ScratchDatabase;
let pool: Pool;
/** The connection in use. */
let current: PoolClient;
beforeAll(async () => {
  database = await createScratchDatabase(process.env.TEST_DATABASE_URL, schema);
});
beforeEach(() => {
  pool = openPool({ url: database.url, app: 'leaks', max: 1, statementTimeoutMs: 400 });
  pool.on('acquire', (client) => (current = client));
});
afterEach(() => pool.end());
afterAll(() => database.drop());

/** Waits until the service's connection runs a statement with `text` in it, and gives its process. */
const running = async (text: string): Promise<number> => {
  for (let turn = 0; turn < 200; turn += 1) {
    const { rows } = await database.superuser.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like $1`,
      [`%${text}%`],
    );
    if (rows[0]) return rows[0].pid;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`nothing ran ${text}`);
};
const signal = async (how: 'cancel' | 'terminate', text: string): Promise<void> => {
  await database.superuser.query(`select pg_${how}_backend($1)`, [await running(text)]);
};
const cutOff = (): void => {
  (current as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
};

/** The next request, which forgot its tenant, sees nothing; and one of another tenant sees that one's rows only. */
const expectNothingLeft = async (): Promise<void> => {
  const next = await pool.query<{ tenant: string | null; items: number; began: boolean }>(
    `select nullif(current_setting('app.tenant_id', true), '') as tenant, (select count(*)::int from item) as items,
      now() <> statement_timestamp() as began`,
  );
  expect(next.rows).toEqual([{ tenant: null, items: 0, began: false }]);
  expect(await tenantQuery(pool, read, other, [0])).toEqual([{ item_id: 1 }]);
  expect(pool.totalCount).toBe(1);
  const { rows } = await database.superuser.query('select tenant_id from item');
  expect(rows).toHaveLength(2);
};

const phases: [string, (pool: Pool) => Promise<unknown>][] = [
  ['a statement is refused before it is sent', () => tenantQuery(pool, read, `${tenant}x`, [0])],
  [
    'its connection was lost before it began',
    async () => {
      await pool.query('select 1');
      cutOff();
      await tenantQuery(pool, read, tenant, [0]);
    },
  ],
  ['a statement has a bad value', () => tenantQuery(pool, read, tenant, ['x'])],
  ['a statement takes too long', () => tenantQuery(pool, sleep, tenant, [20])],
  [
    'a statement is canceled',
    () => Promise.all([tenantQuery(pool, sleep, tenant, [20]), signal('cancel', 'pg_sleep')]),
  ],
  [
    'its connection is killed by the server in a statement',
    () => Promise.all([tenantQuery(pool, sleep, tenant, [20]), signal('terminate', 'pg_sleep')]),
  ],
  [
    'its connection is lost on our side in a statement',
    () => Promise.all([tenantQuery(pool, sleep, tenant, [20]), running('pg_sleep').then(cutOff)]),
  ],
  ['an insert takes too long', () => tenantQuery(pool, slowInsert, tenant, [5])],
  [
    'an insert is killed by the server',
    () => Promise.all([tenantQuery(pool, slowInsert, tenant, [5]), signal('terminate', 'pg_sleep')]),
  ],
  ['an insert collides', () => tenantQuery(pool, insert, tenant, [1])],
  ['an insert fails when it is committed', () => tenantQuery(pool, insert, tenant, [13])],
  ['a transaction is refused before it begins', () => withTenant(pool, '', () => Promise.resolve())],
  [
    'a transaction’s connection was lost before it began',
    async () => {
      await pool.query('select 1');
      cutOff();
      await withTenant(pool, tenant, () => Promise.resolve());
    },
  ],
  [
    'the work of a transaction throws at once',
    () => withTenant(pool, tenant, () => Promise.reject(new Error('changed its mind'))),
  ],
  [
    'a statement of a transaction takes too long',
    () => withTenant(pool, tenant, (client) => client.query('select pg_sleep(20)')),
  ],
  [
    'a statement of a transaction is canceled',
    () =>
      Promise.all([
        withTenant(pool, tenant, (client) => client.query('select pg_sleep(20)')),
        signal('cancel', 'pg_sleep'),
      ]),
  ],
  [
    'a transaction is killed by the server in a statement',
    () =>
      Promise.all([
        withTenant(pool, tenant, (client) => client.query('select pg_sleep(20)')),
        signal('terminate', 'pg_sleep'),
      ]),
  ],
  [
    'a transaction is lost on our side in a statement',
    () =>
      Promise.all([
        withTenant(pool, tenant, (client) => client.query('select pg_sleep(20)')),
        running('pg_sleep').then(cutOff),
      ]),
  ],
  [
    'a transaction is lost on our side between statements',
    () =>
      withTenant(pool, tenant, async (client) => {
        await client.query('insert into item values ($1, 5)', [tenant]);
        cutOff();
      }),
  ],
  [
    'a transaction cannot be committed',
    () => withTenant(pool, tenant, (client) => client.query('insert into item values ($1, 13)', [tenant])),
  ],
  [
    'an error in a transaction is swallowed',
    () =>
      withTenant(pool, tenant, async (client) => {
        await client.query('insert into item values ($1, 5)', [tenant]);
        await client.query('select 1 / 0').catch(() => undefined);
      }),
  ],
  [
    'the work commits by itself and begins again',
    () =>
      withTenant(pool, tenant, async (client) => {
        await client.query('rollback');
        await client.query('begin');
        throw new Error('and fails');
      }),
  ],
];

describe('the next request on the same connection sees nothing of a tenant when', () => {
  it.each(phases)('%s', async (_, fail) => {
    await expect(fail(pool)).rejects.toThrow();
    await expectNothingLeft();
  });

  it('a transaction was left open, with its tenant: the pool closes the connection', async () => {
    for (const end of ['select 1', 'select 1 / 0']) {
      const client = await pool.connect();
      await client.query('begin');
      await client.query(`select set_config('app.tenant_id', $1, true)`, [tenant]);
      await client.query(end).catch(() => undefined);
      client.release();
      await expectNothingLeft();
    }
  });

  it('work goes on after its transaction: its client is of no use any more', async () => {
    let kept: TenantClient | undefined;
    await withTenant(pool, tenant, (client) => {
      kept = client;
      return Promise.resolve();
    });
    const next = withTenant(pool, other, async (client) => {
      expect(() => kept?.query('select * from item')).toThrow(TransactionEnded);
      return client.query('select tenant_id from item');
    });
    expect((await next).rows).toEqual([{ tenant_id: other }]);
    await expectNothingLeft();
  });

  it('all went well', async () => {
    expect(await tenantQuery(pool, read, tenant, [0])).toEqual([{ item_id: 1 }]);
    await expectNothingLeft();
    await withTenant(pool, tenant, (client) => client.query('select 1 from item'));
    await expectNothingLeft();
  });
});
