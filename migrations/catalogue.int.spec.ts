import { readFile, writeFile } from 'node:fs/promises';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';
import {
  beyondTheTenant,
  closedToTenants,
  conditionNames,
  functions,
  keysAcrossTenants,
  platformTables,
  withoutTenantReference,
  withPlatformTables,
} from './testing/beyond-the-tenant.js';
import type { Reach, Table } from './testing/catalogue.js';
import { callersOf, linesOf, ofTenantInContext, reachOf, tablesOf } from './testing/catalogue.js';
import { accessTables, withTables } from './testing/tenancy-page.js';

let database: TestDatabase;
let tables: Table[];
let reaches: Reach[];
beforeAll(async () => {
  database = await createTestDatabase();
  tables = await tablesOf(database.admin);
  reaches = await reachOf(database.admin);
});
afterAll(() => database.drop());

const names = async (sql: string, values: unknown[] = []): Promise<string[]> => {
  const { rows } = await database.admin.query<{ name: string }>(sql, values);
  return rows.map((row) => row.name);
};

const ours = `c.relnamespace = 'billing'::regnamespace`;
const relations = `from pg_class c where ${ours} and c.relkind in ('r', 'p')`;
const roles = `from pg_roles r where r.rolname like 'billing\\_%'`;
const keysOf = (record: Record<string, unknown>) => Object.keys(record).sort();
const nameOfCondition = (condition: string) => conditionNames[condition] ?? condition;

describe('every table of the schema', () => {
  it('has row-level security, enabled and forced, partitions too', async () => {
    expect(
      await names(`select c.relname as name ${relations} and not (c.relrowsecurity and c.relforcerowsecurity)`),
    ).toEqual([]);
    expect(tables.length).toBeGreaterThan(30);
  });

  it('has one policy for its owner, all of it, and none for what has no grant', async () => {
    const without = await names(
      `select c.relname as name ${relations} and not exists (
        select from pg_policy p where p.polrelid = c.oid and p.polroles = array['billing_owner'::regrole::oid] and p.polcmd = '*'
          and p.polpermissive and pg_get_expr(p.polqual, c.oid) = 'true' and pg_get_expr(p.polwithcheck, c.oid) = 'true')`,
    );
    expect(without).toEqual([]);
    const idle = await names(
      `select c.relname || ': ' || p.polname || ' for ' || r.rolname as name
      from pg_policy p join pg_class c on c.oid = p.polrelid cross join unnest(p.polroles) as role join pg_roles r on r.oid = role
      where ${ours} and role <> c.relowner and not has_any_column_privilege(role, c.oid, case p.polcmd
        when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'select' else 'select, insert, update' end)`,
    );
    expect(idle).toEqual([]);
  });

  it('has no policy for everybody but the one of the tenant in context', async () => {
    const { rows } = await database.admin.query<{
      table: string;
      condition: string | null;
      check: string | null;
      permissive: boolean;
    }>(
      `select c.relname::text as "table", pg_get_expr(polqual, polrelid) as condition, pg_get_expr(polwithcheck, polrelid) as check,
        polpermissive as permissive
      from pg_policy p join pg_class c on c.oid = p.polrelid where ${ours} and p.polroles = '{0}' order by 1`,
    );
    for (const { table, condition, check, permissive } of rows) {
      const own = ofTenantInContext(table === 'tenant' ? 'id' : 'tenant_id');
      expect([table, condition, check ?? own, permissive]).toEqual([table, own, own, true]);
    }
    const open = new Set(rows.map(({ table }) => table));
    const closed = tables.filter(({ name, tenants }) => tenants && !open.has(name)).map(({ name }) => name);
    expect(closed).toEqual(keysOf(closedToTenants));
  });

  it('names its tenant, and names one always, unless it is on the short list', async () => {
    expect(tables.filter(({ tenants }) => !tenants).map(({ name }) => name)).toEqual(keysOf(platformTables));
    const nullable = await names(
      `select c.relname as name ${relations} and not c.relispartition and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attnotnull) order by 1`,
    );
    // A claim until it was checked, and an object of the processor that may be nobody's.
    expect(nullable).toEqual(['reconciliation_finding', 'webhook_events']);
  });

  it('has the tenant in every unique key of a tenant, or the position that is unique in its shard', async () => {
    const loose = await names(
      `select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
      where ${ours} and not c.relispartition and (i.indisunique or i.indisexclusion) and c.relname <> all ($1)
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey) and a.attname in ('tenant_id', 'position'))`,
      [keysOf(platformTables)],
    );
    expect(loose.map((name) => name.replace('billing.', '')).sort()).toEqual(keysOf(keysAcrossTenants));
  });

  it('refers to another table of tenants by a key that has the tenant in it', async () => {
    const { rows } = await database.admin.query<{ from: string; to: string; columns: string[]; keys: string[] }>(
      `select f.conrelid::regclass::text as "from", f.confrelid::regclass::text as "to",
        (select array_agg(attname::text order by o) from unnest(f.conkey) with ordinality as k (n, o)
          join pg_attribute on attrelid = f.conrelid and attnum = n) as columns,
        (select array_agg(attname::text order by o) from unnest(f.confkey) with ordinality as k (n, o)
          join pg_attribute on attrelid = f.confrelid and attnum = n) as keys
      from pg_constraint f join pg_class c on c.oid = f.conrelid where ${ours} and f.contype = 'f' and f.conparentid = 0`,
    );
    const ofTenants = new Map(tables.map(({ name, tenants }) => [`billing.${name}`, tenants]));
    const short = (name: string) => name.replace('billing.', '');
    const crossing = rows.filter(({ to, columns, keys }) => {
      const tenantIn = short(to) === 'tenant' ? 'id' : 'tenant_id';
      return (ofTenants.get(to) ?? ofTenants.get(`billing.${to}`)) && keys[columns.indexOf('tenant_id')] !== tenantIn;
    });
    expect(crossing).toEqual([]);
    const referring = new Set(rows.filter(({ to }) => short(to) === 'tenant').map(({ from }) => short(from)));
    const free = tables.filter(({ name, tenants }) => tenants && !referring.has(name)).map(({ name }) => name);
    expect(free).toEqual(keysOf(withoutTenantReference));
  });

  it('belongs to the owner, whom nobody can log in as', async () => {
    expect(
      await names(
        `select c.relname as name from pg_class c where ${ours} and pg_get_userbyid(c.relowner) <> 'billing_owner'`,
      ),
    ).toEqual([]);
    expect(await names(`select rolname as name from pg_roles where rolname = 'billing_owner' and rolcanlogin`)).toEqual(
      [],
    );
  });

  it('of a rebuild is as closed as the read model it will replace', async () => {
    const readModels = tables.map(({ name }) => name).filter((name) => name.startsWith('rm_'));
    const client = await database.admin.connect();
    try {
      await client.query('begin');
      await client.query('set local role billing_owner');
      await client.query('grant select (tenant_id) on billing.rm_payment to billing_relay'); // a grant of a column is copied too
      for (const name of readModels) await client.query('select billing.create_rebuild($1)', [name]);
      const [rebuilt, flags] = [await reachOf(client), await tablesOf(client)];
      const of = (suffix: string) =>
        readModels.map((name) =>
          rebuilt.filter(({ table }) => table === name + suffix).map((reach) => ({ ...reach, table: name })),
        );
      expect(of('_rebuild')).toEqual(of(''));
      expect(flags.filter(({ name }) => name.endsWith('_rebuild'))).toHaveLength(readModels.length);
      const { rows } = await client.query(
        `select c.relname ${relations} and not (c.relrowsecurity and c.relforcerowsecurity)`,
      );
      expect(rows).toEqual([]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('what is granted', () => {
  const across = (ofTenants: boolean) =>
    linesOf(
      reaches.filter(({ table, otherwise }) => {
        const known = tables.find(({ name }) => name === table);
        return known?.tenants === ofTenants && (!ofTenants || otherwise.length > 0);
      }),
      nameOfCondition,
    );

  it('beyond the tenant in context is what is declared, each with its reason, and no more', () => {
    expect(across(true)).toEqual(keysOf(beyondTheTenant));
  });

  it('on tables of the platform is what is declared, each with its reason, and no more', () => {
    expect(across(false)).toEqual(keysOf(withPlatformTables));
  });

  it('comes with a policy that gives it rows, or is of no use', () => {
    expect(reaches.filter(({ ownTenant, otherwise }) => !ownTenant && otherwise.length === 0)).toEqual([]);
  });

  it('is granted to roles of ours by name, never to everybody, and cannot be passed on', async () => {
    expect([...new Set(reaches.map(({ role }) => role))].filter((role) => !role.startsWith('billing_'))).toEqual([]);
    const acls = `
      select c.relname::text as what, a.* from pg_class c cross join aclexplode(c.relacl) a where ${ours}
      union all select c.relname || '.' || t.attname, a.* from pg_class c join pg_attribute t on t.attrelid = c.oid cross join aclexplode(t.attacl) a where ${ours}
      union all select p.proname::text, a.* from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace = 'billing'::regnamespace
      union all select n.nspname::text, a.* from pg_namespace n cross join aclexplode(n.nspacl) a where n.nspname = 'billing'`;
    expect(
      await names(
        `select what || ' ' || privilege_type || ' to ' || case grantee when 0 then 'public' else grantee::regrole::text end as name
        from (${acls}) as granted where grantee = 0 or is_grantable and grantee <> grantor or grantee::regrole::text not like 'billing\\_%'`,
      ),
    ).toEqual([]);
  });

  it('is to read and write rows: nobody may truncate, refer to, put triggers on or maintain a table, or use a sequence', async () => {
    expect([...new Set(reaches.map(({ verb }) => verb))].sort()).toEqual(['delete', 'insert', 'select', 'update']);
    expect(
      await names(
        `select c.relname as name from pg_class c cross join aclexplode(c.relacl) a
        where ${ours} and c.relkind not in ('r', 'p', 'v') and a.grantee <> c.relowner`,
      ),
    ).toEqual([]);
  });

  it('lets nobody at a partition, which is reached through its table', async () => {
    expect(
      await names(
        `select c.relname || ' ' || a.grantee::regrole::text as name from pg_class c cross join aclexplode(c.relacl) a
        where ${ours} and c.relispartition and c.relkind = 'r' and a.grantee <> c.relowner`,
      ),
    ).toEqual([]);
  });

  it('lets nobody change or delete what is in the log, or what tells a repeat from a new command, but for the one role that removes', () => {
    const changing = reaches.filter(
      ({ table, verb }) =>
        (['event', 'command', 'audit_leaf_run'].includes(table) && ['update', 'delete'].includes(verb)) ||
        (['claim', 'stream', 'counter', 'log_head', 'tenant'].includes(table) && verb === 'delete'),
    );
    // Every row that it would delete is judged by the rule of migrations/0027_retention.sql.
    expect(changing.map(({ role, table, verb }) => [role, verb, table])).toEqual([
      ['billing_retention', 'delete', 'event'],
    ]);
  });

  it('is not given to what will be made some day', async () => {
    expect(await names('select defaclnamespace::regnamespace::text as name from pg_default_acl')).toEqual([]);
  });
});

describe('every view', () => {
  it('asks with the rights of who asks, and none is kept as a copy', async () => {
    expect(
      await names(
        `select c.relname as name from pg_class c where ${ours} and (c.relkind = 'm'
          or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions), false))`,
      ),
    ).toEqual([]);
  });
});

describe('every role', () => {
  it('is bound by row-level security and can make nothing', async () => {
    expect(
      await names(
        `select rolname as name ${roles} and (rolbypassrls or rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolinherit)`,
      ),
    ).toEqual([]);
    expect(
      await names(
        `select rolname as name ${roles} and rolname <> 'billing_owner' and has_schema_privilege(oid, 'billing', 'create')`,
      ),
    ).toEqual([]);
  });

  it('makes neither temporary tables nor large objects, but for the projector, who verifies in temporary tables', async () => {
    // What is said of a database is not copied with it: the template's is what the migrator said.
    expect(
      await names(
        `select distinct r.rolname || ' in ' || case datname when current_database() then 'the copy' else datname end as name
        from pg_database, (select rolname::text from pg_roles union select 'public') as r
        where datname in (current_database(), 'billing_template') and (rolname like 'billing\\_%' or rolname = 'public')
          and has_database_privilege(rolname, datname, 'temporary, create') order by 1`,
      ),
    ).toEqual(['billing_projector in billing_template', 'billing_projector in the copy']);
    expect(
      await names(
        `select distinct p.proname as name from pg_proc p, pg_roles r
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^lo(_.*|read|write)$' and r.rolname like 'billing\\_%'
          and has_function_privilege(r.oid, p.oid, 'execute')`,
      ),
    ).toEqual([]);
    expect(
      await names(
        `select rolname || ' in ' || nspname as name from pg_namespace n, pg_roles r
        where r.rolname like 'billing\\_%' and has_schema_privilege(r.oid, n.oid, 'create')`,
      ),
    ).toEqual(['billing_owner in billing']);
  });

  it('cannot become another, and is no member of what Postgres has ready', async () => {
    const members = await names(
      `select m.rolname || ' in ' || g.rolname as name from pg_auth_members a
       join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
       where m.rolname like 'billing\\_%' order by 1`,
    );
    // It may hand a function to the two roles that functions run as.
    expect(members).toEqual(['billing_owner in billing_appender', 'billing_owner in billing_tailer']);
  });

  it('comes without settings of its own: none has a tenant, or row-level security off, before it says so', async () => {
    expect(
      await names(
        `select setting as name from pg_db_role_setting s cross join unnest(s.setconfig) as setting left join pg_roles r on r.oid = s.setrole
        where (s.setrole = 0 or r.rolname like 'billing\\_%') and (setting like 'app.%' or setting like 'row_security%' or setting like 'search_path%')`,
      ),
    ).toEqual([]);
  });

  it('but the owner and those whom functions run as owns nothing', async () => {
    const owned = await names(
      `select distinct r.rolname as name from pg_shdepend d join pg_roles r on r.oid = d.refobjid
       where d.deptype = 'o' and r.rolname like 'billing\\_%' and d.dbid = (select oid from pg_database where datname = current_database())
       order by 1`,
    );
    expect(owned).toEqual(['billing_appender', 'billing_owner', 'billing_tailer']);
    expect(
      await names(
        `select c.relname as name from pg_class c where ${ours} and pg_get_userbyid(c.relowner) in ('billing_appender', 'billing_tailer')`,
      ),
    ).toEqual([]);
  });
});

describe('every function', () => {
  it('is called by those who are declared, and tells what is declared', async () => {
    const declared = Object.entries(functions).map(([name, { callers }]) => [name, callers]);
    expect(await callersOf(database.admin)).toEqual(Object.fromEntries(declared));
  });

  it('looks for names where nobody else can put one: first in our schema or the catalogue, last in what is temporary', async () => {
    const { rows } = await database.admin.query<{ name: string; path: string | null }>(
      `select p.proname::text as name, substr(setting, 13) as path from pg_proc p
      left join lateral unnest(p.proconfig) as setting on setting like 'search_path=%' where p.pronamespace = 'billing'::regnamespace`,
    );
    for (const { name, path } of rows)
      expect([name, path]).toEqual([name, expect.stringMatching(/^(billing, )?pg_catalog, pg_temp$/)]);
  });

  it('that runs with rights of its own has those of a role that owns no table, and that nobody can log in as', async () => {
    const definers = await names(
      `select distinct pg_get_userbyid(proowner)::text as name from pg_proc where pronamespace = 'billing'::regnamespace and prosecdef order by 1`,
    );
    expect(definers).toEqual(['billing_appender', 'billing_tailer']);
    expect(
      await names(`select rolname as name from pg_roles where rolname = any ($1) and rolcanlogin`, [definers]),
    ).toEqual([]);
  });
});

describe('docs/tenancy.md', () => {
  it('shows who may do what as the catalogue has it', async () => {
    const file = new URL('../docs/tenancy.md', import.meta.url);
    const page = await readFile(file, 'utf8');
    const wanted = withTables(page, accessTables(tables, reaches));
    if (process.env.WRITE_TENANCY_PAGE) await writeFile(file, wanted);
    else expect(page).toBe(wanted);
  });
});
