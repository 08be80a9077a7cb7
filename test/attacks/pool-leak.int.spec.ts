import { randomUUID } from 'node:crypto';

import type { Reply } from '../../apps/api/testing/call.js';
import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startApi, tenantAt } from '../../apps/api/testing/running-api.js';
import { DatabaseProxy } from './testing/database-proxy.js';

let proxy: DatabaseProxy;
let api: RunningApi;
let tenant: TestTenant;
let other: TestTenant;
let admin: TestTenant;

beforeAll(async () => {
  api = await startApi({
    readModels: true,
    by: async (url) => {
      proxy = await DatabaseProxy.before(url);
      return proxy.url;
    },
  });
  tenant = await api.tenant();
  other = await api.tenant();
  admin = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'platform_admin', mfa: true }));
  for (const one of [tenant, other]) await one.post('/v1/customers', { email: 'ada@example.com' });
  await api.caughtUp();
  // Once it is enabled, whatever is appended fails when it is committed.
  await api.database.admin.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise 'refused at commit'; end $$;
    create constraint trigger at_commit after insert on billing.stream deferrable initially deferred
      for each row execute function public.refuse();
    alter table billing.stream disable trigger at_commit`);
});
afterAll(async () => {
  await api.close();
  await proxy.close();
});

const customers = () => tenant.get('/v1/customers');
const create = () => tenant.post('/v1/customers', { email: `${randomUUID()}@example.com` });
const link = () =>
  admin.post(
    '/v1/connected-accounts',
    { processorAccountId: `acct_${randomUUID().replaceAll('-', '')}` },
    { 'billing-tenant': tenant.id },
  );

/** Holds a table so that the api's next statement on it waits, lets `meanwhile` have the process that waits, and gives the table back. */
const whileHeld = async (table: string, request: () => Promise<unknown>, meanwhile: (pid: number) => Promise<void>) => {
  const holder = await api.database.admin.connect();
  try {
    await holder.query('begin');
    await holder.query(`lock table billing.${table} in access exclusive mode`);
    const answer = request().catch((error: unknown) => error);
    await meanwhile(await waiting());
    await holder.query('rollback');
    return await answer;
  } finally {
    holder.release();
  }
};

/** The process of the api that waits for a lock. */
const waiting = async (): Promise<number> => {
  for (let turn = 0; turn < 400; turn += 1) {
    const { rows } = await api.database.admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and usename = 'billing_api' and wait_event_type = 'Lock'`,
    );
    if (rows[0]) return rows[0].pid;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('no statement of the api waits');
};

const signal = (how: 'cancel' | 'terminate') => async (pid: number) => {
  await api.database.admin.query(`select pg_${how}_backend($1)`, [pid]);
};

/** A caller who goes away as soon as its statement runs. */
const goneFrom = async (table: string, path: string): Promise<void> => {
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${tenant.token}` };
  await whileHeld(
    table,
    () => fetch(`${api.url}${path}`, { headers, signal: gone.signal }),
    () => {
      gone.abort();
      return Promise.resolve();
    },
  );
};

/** What another request would find on each connection that the api has open now. */
const look = `select nullif(current_setting('app.tenant_id', true), ''), (select count(*) from billing.rm_customer),
  (select count(*) from billing.event), (select count(*) from billing.tenant), (select count(*) from billing.command)`;
const nothing = { transaction: 'I', columns: [null, '0', '0', '0', '0'] };

const expectNothingLeft = async (): Promise<void> => {
  const found = await proxy.ask(look);
  expect(found.length).toBeGreaterThan(1);
  expect(found.filter((each) => JSON.stringify(each) !== JSON.stringify(nothing))).toEqual([]);
  const seen = await other.get('/v1/customers');
  expect((seen.json.data as unknown[]).length).toBe(1);
};

const statusOf = (answer: unknown) => (answer as Reply).status;
const ours = [500, 503];

describe('a tenant that stays on a connection', () => {
  it('would be seen here', async () => {
    await proxy.ask(`select set_config('app.tenant_id', '${tenant.id}', false)`);
    const [found] = await proxy.ask(look);
    expect(found?.columns).toEqual([
      tenant.id,
      expect.stringMatching(/^[1-9]/),
      expect.anything(),
      '1',
      expect.anything(),
    ]);
    await proxy.ask('reset app.tenant_id');
    await expectNothingLeft();
  });
});

describe('the next request on any connection of the api sees nothing of a tenant when a request', () => {
  it('went well', async () => {
    expect([(await customers()).status, (await create()).status, (await link()).status]).toEqual([200, 201, 201]);
    await expectNothingLeft();
  });

  it('was refused before its tenant was set', async () => {
    const refused = await Promise.all([
      tenant.get('/v1/customers', { authorization: 'Bearer x' }),
      tenant.get('/v1/customers', { 'billing-tenant': other.id }),
      tenant.get('/v1/customers?limit=x'),
      tenant.get(`/v1/customers/${randomUUID()}`),
      tenant.post('/v1/customers', '{'),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([401, 403, 400, 404, 400]);
    await expectNothingLeft();
  });

  it.each([
    ['a list was canceled, as a time-out does it', 'rm_customer', customers, 'cancel'],
    ['a list lost its connection to the server', 'rm_customer', customers, 'terminate'],
    ['an append was canceled', 'claim', create, 'cancel'],
    ['a transaction was canceled', 'connected_account_holder', link, 'cancel'],
    ['a transaction lost its connection to the server', 'connected_account_holder', link, 'terminate'],
  ] as const)('failed: %s', async (_, table, request, how) => {
    expect(ours).toContain(statusOf(await whileHeld(table, request, signal(how))));
    await expectNothingLeft();
  });

  it('lost its connection in an append, and did it again on another', async () => {
    expect(statusOf(await whileHeld('claim', create, signal('terminate')))).toBe(201);
    await expectNothingLeft();
  });

  it('failed when it was committed', async () => {
    await api.database.admin.query('alter table billing.stream enable trigger at_commit');
    try {
      expect(ours).toContain((await create()).status);
      await expectNothingLeft();
    } finally {
      await api.database.admin.query('alter table billing.stream disable trigger at_commit');
    }
  });

  it('was of a caller who had gone', async () => {
    await goneFrom('rm_customer', '/v1/customers');
    await goneFrom('event', `/v1/customers/${randomUUID()}`);
    await expectNothingLeft();
  });
});
