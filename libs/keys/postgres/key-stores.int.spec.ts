import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScratchDatabase } from '../../access/tenancy/testing/scratch-database.js';
import type { ScratchDatabase } from '../../access/tenancy/testing/scratch-database.js';
import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '../index.js';

const policy = `
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));`;
const schema = `
  create schema billing;
  grant usage on schema billing to :role;
  create table billing.tenant_key (
    tenant_id uuid not null, purpose text not null, version int not null, wrapped bytea not null,
    created_at timestamptz not null default now(), primary key (tenant_id, purpose, version));
  create table billing.subject_key (
    tenant_id uuid not null, subject_id uuid not null, purpose text not null, version int not null, wrapped bytea not null,
    created_at timestamptz not null default now(), primary key (tenant_id, subject_id, purpose, version));
  alter table billing.tenant_key enable row level security;
  alter table billing.tenant_key force row level security;
  alter table billing.subject_key enable row level security;
  alter table billing.subject_key force row level security;
  create policy own_tenant on billing.tenant_key to :role ${policy}
  create policy own_tenant on billing.subject_key to :role ${policy}
  grant select, insert on billing.tenant_key, billing.subject_key to :role;`;

const tenantId = randomUUID();
const otherTenant = randomUUID();
let database: ScratchDatabase;
let directory: string;
let kms: LocalKeyManagement;
let keysOf: (app: 'api' | 'gateway') => Keys;

beforeAll(async () => {
  database = await createScratchDatabase(process.env.TEST_DATABASE_URL, schema);
  directory = await mkdtemp(join(tmpdir(), 'keyring-'));
  kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
  const tenantKeys = new PostgresTenantKeyStore(database.pool);
  const subjectKeys = new PostgresSubjectKeyStore(database.pool);
  keysOf = (app) => new Keys({ app, environment: 'test', kms, tenantKeys, subjectKeys });
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

const place = (subjectId: string) => ({
  tenantId,
  subjectId,
  purpose: 'contact' as const,
  record: 'CustomerCreated.personal',
});

describe('keys in Postgres', () => {
  it('open in another process what was sealed, with only wrapped keys stored', async () => {
    const customer = randomUUID();
    const sealed = await keysOf('api').sealPersonal(place(customer), 'ada@example.com');
    expect(await keysOf('gateway').openPersonal(place(customer), sealed)).toEqual({
      erased: false,
      plaintext: 'ada@example.com',
    });
    const { rows } = await database.superuser.query<{ length: number }>(
      'select length(wrapped) from billing.tenant_key where tenant_id = $1',
      [tenantId],
    );
    expect(rows).toEqual([{ length: 65 }]);
  });

  it('are one tenant key and one subject key, though twenty processes create them at once', async () => {
    const customer = randomUUID();
    const token = { tenantId: otherTenant, table: 'payment_method', column: 'token', row: customer };
    const tokens = await Promise.all(Array.from({ length: 20 }, () => keysOf('gateway').sealToken(token, 'pm_1')));
    const emails = await Promise.all(
      Array.from({ length: 20 }, () => keysOf('api').sealPersonal(place(customer), 'a@b.c')),
    );
    for (const sealed of tokens) expect(await keysOf('gateway').openToken(token, sealed)).toBe('pm_1');
    for (const sealed of emails)
      expect(await keysOf('api').openPersonal(place(customer), sealed)).toMatchObject({ plaintext: 'a@b.c' });
    const counts = await database.superuser.query(
      `select (select count(*)::int from billing.tenant_key where tenant_id = $1) as tenant_keys,
              (select count(*)::int from billing.subject_key where subject_id = $2) as subject_keys`,
      [otherTenant, customer],
    );
    expect(counts.rows).toEqual([{ tenant_keys: 1, subject_keys: 1 }]);
  });

  it('read a person as erased once the row of the subject key is gone', async () => {
    const customer = randomUUID();
    const sealed = await keysOf('api').sealPersonal(place(customer), 'ada@example.com');
    await database.superuser.query('delete from billing.subject_key where subject_id = $1', [customer]);
    expect(await keysOf('api').openPersonal(place(customer), sealed)).toEqual({ erased: true });
  });

  it('are hidden from every other tenant', async () => {
    const store = new PostgresTenantKeyStore(database.pool);
    await keysOf('api').blindIndex(tenantId, 'email', 'a@b.c');
    expect(await store.read(tenantId, 'index')).toHaveLength(1);
    expect(await store.read(randomUUID(), 'index')).toEqual([]);
    expect((await database.pool.query('select 1 from billing.tenant_key')).rows).toEqual([]);
  });
});
