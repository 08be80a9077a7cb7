import { randomUUID } from 'node:crypto';

import type { TenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { balancesStatement } from '../balances/queries.js';
import { listedCustomers } from '../customers/queries.js';
import { listedDisputes } from '../disputes/queries.js';
import { getRefund, InvalidCursor, InvalidLimit, InvalidTime, listPayments, listRefunds } from '../index.js';
import type { PaymentFilter } from '../index.js';
import { listedPaymentMethods } from '../payment-methods/queries.js';
import { foldShownPayment } from '../payments/fold.js';
import { listedPayments } from '../payments/queries.js';
import { listedRefunds } from '../refunds/queries.js';
import { charge } from '../testing/log-writer.js';
import type { Listed } from './list.js';
import { listStatements } from './list.js';

let database: TestDatabase;
let api: Pool;
let tenantId: string;
const customers = Array.from({ length: 50 }, () => randomUUID());
const rowCount = 50_000;

/** 50,000 rows a table, ten to a millisecond, so that ids decide within one. */
const fill = async (): Promise<void> => {
  const state = JSON.stringify(foldShownPayment(charge()));
  const created = `timestamptz '2026-01-01' + (n / 10) * interval '1 millisecond'`;
  const customer = `($2::uuid[])[1 + n % 50]`;
  const numbers = `from generate_series(1, ${rowCount}) as n`;
  await database.admin.query(
    `insert into billing.rm_payment (tenant_id, payment_id, customer_id, order_id, status, created_at, version, state)
    select $1, gen_random_uuid(), ${customer}, 'order-' || n % 5000, case n % 1000 when 0 then 'disputed' else 'succeeded' end, ${created}, 1, $3
    ${numbers}`,
    [tenantId, customers, state],
  );
  await database.admin.query(
    `insert into billing.rm_refund (tenant_id, refund_id, payment_id, status, created_at, version, state)
    select $1, gen_random_uuid(), ${customer}, case n % 1000 when 0 then 'failed' else 'succeeded' end, ${created}, 1, '{}' ${numbers}`,
    [tenantId, customers],
  );
  await database.admin.query(
    `insert into billing.rm_dispute (tenant_id, dispute_id, payment_id, status, created_at, version, state)
    select $1, gen_random_uuid(), ${customer}, case n % 1000 when 0 then 'won' else 'lost' end, ${created}, 1, '{}' ${numbers}`,
    [tenantId, customers],
  );
  await database.admin.query(
    `insert into billing.rm_customer (tenant_id, customer_id, created_at, version, state)
    select $1, gen_random_uuid(), ${created}, 1, '{}' ${numbers}`,
    [tenantId],
  );
  await database.admin.query(
    `insert into billing.rm_payment_method (tenant_id, payment_method_id, customer_id, created_at, version, state)
    select $1, gen_random_uuid(), ${customer}, ${created}, 1, '{}' ${numbers}`,
    [tenantId, customers],
  );
  await database.admin.query(
    `insert into billing.rm_balance (tenant_id, currency, account, amount)
    select gen_random_uuid(), 'usd', 'tenant_payable', n ${numbers}`,
  );
  await database.admin.query(
    `insert into billing.rm_settlement (tenant_id, currency, available_on, amount) select $1, 'usd', ${created} - n * interval '1 hour', n ${numbers}`,
    [tenantId],
  );
  await database.admin.query('analyze');
};

beforeAll(async () => {
  database = await createTestDatabase();
  api = database.pool('billing_api');
  tenantId = await database.addTenant();
  await fill();
}, 60_000);
afterAll(() => database.drop());

const walk = async (filter: PaymentFilter, afterEachPage?: () => Promise<void>): Promise<string[]> => {
  const cursors: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listPayments(api, tenantId, { ...filter, cursor });
    await afterEachPage?.();
    cursor = page.nextCursor ?? undefined;
    if (cursor) cursors.push(cursor);
  } while (cursor && cursors.length < 100);
  return cursors;
};
/** Creation time and id at the end of each page: what a cursor holds. */
const places = (cursors: string[]): string[] =>
  cursors.map((cursor) => Buffer.from(cursor, 'base64url').toString('utf8'));

describe('a list', () => {
  it('gives 20 entries unless asked for 1 to 100, and says when there are no more', async () => {
    expect((await listPayments(api, tenantId, {})).data).toHaveLength(20);
    expect((await listPayments(api, tenantId, { limit: 100 })).data).toHaveLength(100);
    for (const limit of [0, 101, 1.5, -1, Number.NaN]) {
      await expect(listPayments(api, tenantId, { limit })).rejects.toThrow(InvalidLimit);
    }
    const last = await listPayments(api, tenantId, { orderId: 'order-7', limit: 10 });
    expect([last.data.length, last.nextCursor]).toEqual([10, null]);
    expect(await listPayments(api, tenantId, { orderId: 'no such order' })).toEqual({ data: [], nextCursor: null });
  });

  it('gives every row once, newest first, while newer ones are inserted', async () => {
    const customerId = customers[7];
    const { rows } = await database.admin.query<{ payment_id: string }>(
      'select payment_id from billing.rm_payment where customer_id = $1 order by created_at desc, payment_id desc',
      [customerId],
    );
    const expected = rows.map(({ payment_id }) => payment_id);
    const insertNewer = async (): Promise<void> => {
      await database.admin.query(
        `insert into billing.rm_payment (tenant_id, payment_id, customer_id, status, created_at, version, state)
        select tenant_id, gen_random_uuid(), customer_id, status, '2026-06-01', version, state from billing.rm_payment
        where customer_id = $1 limit 3`,
        [customerId],
      );
    };
    const seen = places(await walk({ customerId, limit: 30 }, insertNewer)).map(
      (place) => (JSON.parse(place) as string[])[3],
    );
    await database.admin.query(`delete from billing.rm_payment where created_at = '2026-06-01'`);
    expect(seen).toEqual(expected.filter((_, at) => at % 30 === 29 && at < expected.length - 1));
  });

  it('filters by time: from the first instant on, before the second', async () => {
    const count = async (filter: PaymentFilter) =>
      (await listPayments(api, tenantId, { ...filter, limit: 100 })).data.length;
    const [createdFrom, createdTo] = ['2026-01-01T00:00:00.010Z', '2026-01-01T01:00:00.012+01:00'];
    expect(await count({ createdFrom, createdTo })).toBe(20);
    expect(await count({ createdFrom, createdTo, customerId: customers[3] })).toBe(1);
    expect(await count({ createdFrom, createdTo, customerId: customers[30] })).toBe(0);
    expect(await count({ createdFrom: createdTo, createdTo: createdFrom })).toBe(0);
    for (const time of ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', '']) {
      await expect(listPayments(api, tenantId, { createdTo: time })).rejects.toThrow(InvalidTime);
    }
  });

  it.each([
    ['0001-01-01T00:00:00Z', true],
    ['0001-01-01T00:00:00+15:59', true],
    ['9999-12-31T23:59:59.999999999Z', true],
    ['9999-12-31T23:59:59-15:59', true],
    ['2024-02-29T23:59:59.5Z', true],
    ['2026-01-01T00:00:00-00:00', true],
    ['0000-01-01T00:00:00Z', false],
    ['0000-12-31T23:59:59-15:59', false],
    ['2023-02-29T00:00:00Z', false],
    ['2026-01-01T24:00:00Z', false],
    ['2016-12-31T23:59:60Z', false],
    ['2026-01-01T00:60:00Z', false],
    ['2026-01-01T00:00:00+16:00', false],
    ['2026-01-01T00:00:00-16:00', false],
    ['2026-01-01T00:00:00+01:60', false],
    ['2026-01-01T00:00:00+24:00', false],
  ])('refuses a time that Postgres does not have before Postgres does: %s', async (time, isTaken) => {
    for (const filter of [{ createdFrom: time }, { createdTo: time }]) {
      const page = listPayments(api, tenantId, { ...filter, limit: 1 });
      if (isTaken) expect(await page).toHaveProperty('data');
      else await expect(page).rejects.toThrow(InvalidTime);
    }
  });

  it('combines filters, and finds nothing for a value of another form', async () => {
    const both = await listPayments(api, tenantId, { status: 'disputed', customerId: customers[0], limit: 100 });
    expect(both.data).toHaveLength(50);
    expect(await listPayments(api, tenantId, { customerId: "x' or true --" })).toEqual({ data: [], nextCursor: null });
    expect(await getRefund(api, tenantId, "x' or true --")).toBeUndefined();
  });

  it("refuses garbage and another list's cursor", async () => {
    const { nextCursor } = await listPayments(api, tenantId, {});
    await expect(listRefunds(api, tenantId, { cursor: String(nextCursor) })).rejects.toThrow(InvalidCursor);
    await expect(listPayments(api, tenantId, { cursor: 'garbage' })).rejects.toThrow(InvalidCursor);
  });
});

describe('the plans', () => {
  const sample: Record<string, string> = { status: 'disputed', orderId: 'order-7' };
  const valuesOf = (listed: Listed, { name }: TenantStatement): unknown[] => [
    tenantId,
    '2026-01-01T00:00:00.100Z',
    'infinity',
    '2026-01-01T00:00:02.500Z',
    randomUUID(),
    21,
    ...Object.keys(listed.filters)
      .filter((filter) => name.split('_').includes(filter))
      .map((filter) => sample[filter] ?? customers[3]),
  ];
  /** The plan of a prepared statement as a service's role has it. */
  const planOf = async (mode: string, text: string, values: unknown[]): Promise<string> => {
    const client = await api.connect();
    try {
      await client.query(`set plan_cache_mode = ${mode}`);
      const types = values.map(() => 'unknown').join(', ');
      await client.query(`prepare looked_at (${types}) as ${text}`);
      const literals = values.map((value) => client.escapeLiteral(String(value))).join(', ');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute looked_at (${literals})`);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    } finally {
      client.release(true);
    }
  };
  const cases = [listedPayments, listedRefunds, listedDisputes, listedCustomers, listedPaymentMethods].flatMap(
    (listed) =>
      listStatements(listed).map((statement): [string, Listed, TenantStatement] => [statement.name, listed, statement]),
  );

  /** One row at most, found by its key: sorting it costs nothing. */
  const isOne = ([name]: [string, Listed, TenantStatement]): boolean => name.startsWith('list_customers_customerId');

  it.each(cases.filter((each) => !isOne(each)))(
    '%s reads an index in its order: it scans and sorts nothing',
    async (_, listed, statement) => {
      for (const mode of ['force_generic_plan', 'force_custom_plan']) {
        const plan = await planOf(mode, statement.text, valuesOf(listed, statement));
        expect(plan).toMatch(/Index Scan using/);
        expect(plan).not.toMatch(/Seq Scan|Sort/);
      }
    },
  );

  it.each(cases.filter(isOne))('%s reads one row by its key', async (_, listed, statement) => {
    for (const mode of ['force_generic_plan', 'force_custom_plan'])
      expect(await planOf(mode, statement.text, valuesOf(listed, statement))).toMatch(
        /Index Scan using rm_customer_pkey/,
      );
  });

  it('balances read the rows of one tenant, and of settlements only what is to come', async () => {
    for (const mode of ['force_generic_plan', 'force_custom_plan']) {
      const plan = await planOf(mode, balancesStatement.text, [tenantId]);
      expect(plan).not.toMatch(/Seq Scan/);
      expect(plan).toMatch(/available_on > now\(\)/);
    }
  });
});
