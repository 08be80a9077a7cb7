import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';

const shard = 5;
let database: TestDatabase;
let stolen: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  stolen = database.pool('billing_api', { max: 1 });
});
afterAll(() => database.drop());

/** What somebody who has stolen the login of an edge says to `append` in place of what the event store says; arrays as Postgres spells them. */
interface Said {
  tenants?: string;
  commands?: string;
  streams?: string;
  expected?: string;
  counts?: string;
  correlations?: string;
  metadata?: string;
  owners?: string;
  turns?: string;
  ids?: string;
  types?: string;
  versions?: string;
  data?: string;
}

/** One event for a tenant, but for what is said otherwise; gives the status, or the SQLSTATE of what was raised. */
const append = async (tenant: string, type: string, said: Said = {}): Promise<string | undefined> => {
  const values = [
    shard,
    said.tenants ?? `{${tenant}}`,
    said.commands ?? `{${randomUUID()}}`,
    '{"\\\\x00"}',
    said.streams ?? `{tenant-${randomUUID()}}`,
    said.expected ?? '{0}',
    said.counts ?? '{1}',
    said.correlations ?? `{${randomUUID()}}`,
    said.metadata ?? '{"{}"}',
    said.owners ?? '{1}',
    said.turns ?? '{1}',
    said.ids ?? `{${randomUUID()}}`,
    said.types ?? `{${type}}`,
    said.versions ?? '{1}',
    said.data ?? '{"{\\"at\\":\\"2026-11-21T10:00:00Z\\"}"}',
  ];
  const text = `select status from billing.append($1::smallint, $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::integer[], $7::integer[],
    $8::uuid[], $9::jsonb[], $10::integer[], $11::integer[], $12::uuid[], $13::text[], $14::smallint[], $15::text[],
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`;
  return stolen
    .query<{ status: string }>(text, values)
    .then(({ rows }) => rows.map(({ status }) => status).join())
    .catch((error: unknown) => (error as { code?: string }).code);
};
const written = async (tenant: string): Promise<string[]> => {
  const { rows } = await database.admin.query<{ type: string }>(
    'select type from billing.event where tenant_id = $1 order by position',
    [tenant],
  );
  return rows.map(({ type }) => type);
};
const isSuspended = async (tenant: string): Promise<boolean | undefined> => {
  const { rows } = await database.admin.query<{ suspended: boolean }>(
    'select suspended_at is not null as suspended from billing.tenant where id = $1',
    [tenant],
  );
  return rows[0]?.suspended;
};

const [notAllowed, notThisShard, wrong] = ['42501', '23503', '23514'];
const twice = (one: string, other = one) => `{${one},${other}}`;

describe('what append is given', () => {
  it('is appended where it is in order', async () => {
    const tenant = await database.addTenant({ shard });
    expect(await append(tenant, 'TenantSuspended')).toBe('ok');
    expect([await written(tenant), await isSuspended(tenant)]).toEqual([['TenantSuspended'], true]);
  });

  it('counts from 1 in one dimension, so that the row of the tenant follows its log', async () => {
    const tenant = await database.addTenant({ shard });
    const uuid = randomUUID();
    const at = '"{\\"at\\":\\"2026-11-21T10:00:00Z\\"}"';
    const shifted: Said[] = [
      { types: '[0:0]={TenantSuspended}' },
      { types: '{{TenantSuspended}}' },
      { data: `[0:0]={${at}}` },
      { tenants: `[0:0]={${tenant}}` },
      { tenants: `{{${tenant}}}` },
      { commands: `[2:2]={${uuid}}` },
      { streams: `[0:0]={tenant-${uuid}}` },
      { expected: '[0:0]={0}' },
      { correlations: `[0:0]={${uuid}}` },
      { metadata: '[0:0]={"{}"}' },
    ];
    for (const said of shifted) expect([said, await append(tenant, 'TenantSuspended', said)]).toEqual([said, wrong]);
    expect([await written(tenant), await isSuspended(tenant)]).toEqual([[], false]);
  });

  it('hides no type behind one that is none', async () => {
    const tenant = await database.addTenant({ shard });
    const hidden: Said = {
      ...{ types: '{NULL,PaymentCaptured}', owners: '{1,1}', turns: '{99,1}', ids: twice(randomUUID(), randomUUID()) },
      ...{ versions: '{1,1}', data: '{"{}","{}"}' },
    };
    expect(await append(tenant, '', hidden)).toBe(notAllowed);
    expect(await append(tenant, '', { types: '{NULL}' })).toBe(notAllowed);
    expect(await written(tenant)).toEqual([]);
  });

  it('hides no tenant of another shard behind one that is none', async () => {
    const foreign = await database.addTenant({ shard: shard + 1 });
    const hidden: Said = {
      ...{ tenants: `{NULL,${foreign}}`, commands: twice(randomUUID(), randomUUID()), streams: '{tenant-a,tenant-b}' },
      ...{ expected: '{7,0}', counts: '{1,1}', correlations: twice(randomUUID()), metadata: '{"{}","{}"}' },
      ...{ owners: '{2}' },
    };
    expect(await append(foreign, 'TenantAdded', hidden)).toBe(notThisShard);
    expect(await written(foreign)).toEqual([]);
  });

  it.each(['infinity', '-infinity', '290000-01-01T00:00:00Z', '0044-03-15T00:00:00Z BC'])(
    'suspends nobody as of %s, which no list could show',
    async (at) => {
      const tenant = await database.addTenant({ shard });
      expect(await append(tenant, 'TenantSuspended', { data: `{"{\\"at\\":\\"${at}\\"}"}` })).toBe(wrong);
      expect([await written(tenant), await isSuspended(tenant)]).toEqual([[], false]);
    },
  );
});
