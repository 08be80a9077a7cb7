import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Tables that belong to no tenant, and why. */
const platformTables: Record<string, string> = {
  appendable: 'which role may append which event type',
  checkpoint: "a reader's place in each shard",
  command_dead_letter: 'what was no command: whom it is from is what it says, not what we know',
  log_head: 'the end of each shard',
  migration: 'what TypeORM has applied',
  platform_key: "the platform's own data keys, wrapped",
  processor_secret: "secrets of the platform's endpoints and accounts at the processor, sealed",
  producer: 'services that may publish commands, for one tenant or for many',
  producer_key: 'their public keys',
  reconciliation_run: "comparisons with the processor's account, which is the platform's",
  relay: 'the relays that live',
  relay_lease: 'which relay has which shard',
  tenant: 'the tenants themselves; a tenant sees its own row, by id',
};

/** Keys without a tenant in tables that have one, and why. */
const keysAcrossTenants: Record<string, string> = {
  connected_account_holder_pkey: "an account at the processor is one tenant's: this is what keeps the others off",
  webhook_events_pkey: 'the processor names its events; whose one is, is found out after it was stored',
};

const names = async (sql: string): Promise<string[]> => {
  const { rows } = await database.admin.query<{ name: string }>(sql);
  return rows.map((row) => row.name);
};

const tables = `from pg_class c where c.relnamespace = 'billing'::regnamespace and c.relkind in ('r', 'p')`;

describe('every table of the schema', () => {
  it('has row-level security, enabled and forced, but for partitions, which are reached through their table', async () => {
    const open = await names(
      `select c.relname as name ${tables} and not c.relispartition and not (c.relrowsecurity and c.relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
    expect((await names(`select c.relname as name ${tables} and not c.relispartition`)).length).toBeGreaterThan(15);
  });

  it('lets nobody at a partition but its owner', async () => {
    const reachable = await names(
      `select c.relname || ' ' || r.rolname as name from pg_class c, pg_roles r
       where c.relispartition and c.relkind = 'r' and c.relnamespace = 'billing'::regnamespace and r.rolname like 'billing\\_%'
         and r.rolname <> 'billing_owner' and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate')`,
    );
    expect(reachable).toEqual([]);
  });

  it('has a policy, and names its tenant unless it is on the short list', async () => {
    const without = await names(
      `select c.relname as name ${tables} and not c.relispartition and not exists (select from pg_policy p where p.polrelid = c.oid)`,
    );
    expect(without).toEqual([]);
    const tenantless = await names(
      `select c.relname as name ${tables} and not c.relispartition
         and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') order by 1`,
    );
    expect(tenantless).toEqual(Object.keys(platformTables));
  });

  it('has the tenant in every unique key of a tenant, or the position that is unique in its shard', async () => {
    const loose = await names(
      `select (select relname from pg_class where oid = i.indexrelid) as name from pg_index i join pg_class c on c.oid = i.indrelid
       where c.relnamespace = 'billing'::regnamespace and not c.relispartition and i.indisunique
         and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
         and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey) and a.attname in ('tenant_id', 'position'))
       order by 1`,
    );
    expect(loose).toEqual(Object.keys(keysAcrossTenants));
  });

  it('belongs to the owner, whom nobody can log in as, and is truncated by nobody else', async () => {
    expect(
      await names(`select c.relname as name ${tables} and pg_get_userbyid(c.relowner) <> 'billing_owner'`),
    ).toEqual([]);
    expect(await names(`select rolname as name from pg_roles where rolname = 'billing_owner' and rolcanlogin`)).toEqual(
      [],
    );
    const truncating = await names(
      `select c.relname || ' ' || r.rolname as name from pg_class c, pg_roles r
       where c.relnamespace = 'billing'::regnamespace and c.relkind in ('r', 'p') and r.rolname like 'billing\\_%'
         and r.rolname <> 'billing_owner' and has_table_privilege(r.oid, c.oid, 'truncate')`,
    );
    expect(truncating).toEqual([]);
  });
});

describe('every role', () => {
  it('is bound by row-level security and can make nothing', async () => {
    expect(
      await names(
        `select rolname as name from pg_roles where rolname like 'billing\\_%'
         and (rolbypassrls or rolsuper or rolcreatedb or rolcreaterole or rolreplication)`,
      ),
    ).toEqual([]);
    expect(
      await names(
        `select rolname as name from pg_roles where rolname like 'billing\\_%' and rolname <> 'billing_owner'
         and has_schema_privilege(oid, 'billing', 'create')`,
      ),
    ).toEqual([]);
  });

  it('cannot become another', async () => {
    const members = await names(
      `select m.rolname || ' in ' || g.rolname as name from pg_auth_members a
       join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
       where m.rolname like 'billing\\_%' and m.rolname <> 'billing_owner'`,
    );
    expect(members).toEqual([]);
  });

  it('of the services owns nothing', async () => {
    const owned = await names(
      `select r.rolname as name from pg_shdepend d join pg_roles r on r.oid = d.refobjid
       where d.deptype = 'o' and r.rolname like 'billing\\_%' and r.rolcanlogin and d.dbid = (select oid from pg_database where datname = current_database())`,
    );
    expect(owned).toEqual([]);
  });
});

describe('every security definer function', () => {
  it('has a fixed search path and an owner that owns no table', async () => {
    const loose = await names(
      `select p.proname as name from pg_proc p where p.pronamespace = 'billing'::regnamespace and p.prosecdef
       and (not exists (select from unnest(p.proconfig) as setting where setting like 'search_path=%')
         or exists (select from pg_class c where c.relowner = p.proowner))`,
    );
    expect(loose).toEqual([]);
  });

  it('is executed by no role that was not named', async () => {
    const open = await names(
      `select p.proname as name from pg_proc p where p.pronamespace = 'billing'::regnamespace and p.prosecdef
       and has_function_privilege('public', p.oid, 'execute')`,
    );
    expect(open).toEqual([]);
  });
});
