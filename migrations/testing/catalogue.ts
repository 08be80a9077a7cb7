import type pg from 'pg';

/** A connection of whoever may read the whole catalogue. */
type Asked = Pick<pg.ClientBase, 'query'>;

/** What a statement does with rows. */
export type Verb = 'select' | 'insert' | 'update' | 'delete';

/** What the catalogue lets a role do with a table: the grant, and the policies that say with which rows. */
export interface Reach {
  role: string;
  table: string;
  verb: Verb;
  /** Null where the whole table is granted. */
  columns: string[] | null;
  /** Whether there is a policy that gives it the rows of the tenant in context. */
  ownTenant: boolean;
  /** The conditions of every other policy that holds for it; `true` gives all rows. */
  otherwise: string[];
}

/** The one form that a tenant's policy has. */
export const ofTenantInContext = (column: string): string =>
  `(${column} = ( SELECT billing.tenant_in_context() AS tenant_in_context))`;

/**
 * Grants to anybody but the owner, joined with the policies that give the grantee rows; what restrictive ones take away again is not shown.
 * Partitions have no grants.
 */
const reachSql = `
  with granted as (
    select a.grantee, c.oid as table_id, lower(a.privilege_type) as verb, null::text[] as columns
      from pg_class c cross join aclexplode(c.relacl) a
      where c.relnamespace = 'billing'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.grantee <> c.relowner
    union all
    select a.grantee, c.oid, lower(a.privilege_type), array_agg(att.attname::text order by att.attname)
      from pg_class c join pg_attribute att on att.attrelid = c.oid cross join aclexplode(att.attacl) a
      where c.relnamespace = 'billing'::regnamespace and a.grantee <> c.relowner
      group by 1, 2, 3)
  select case g.grantee when 0 then 'public' else g.grantee::regrole::text end as role, c.relname::text as "table", g.verb, g.columns,
    coalesce(array_agg(p.condition) filter (where p.condition is not null), '{}') as conditions
  from granted g join pg_class c on c.oid = g.table_id
  left join lateral (
    select pg_get_expr(case when g.verb = 'insert' then coalesce(polwithcheck, polqual) else polqual end, polrelid) as condition
      from pg_policy where polrelid = g.table_id and (polroles = '{0}' or g.grantee = any (polroles)) and polpermissive
      and polcmd in ('*', case g.verb when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w' when 'delete' then 'd' end)
    union
    -- An update's new rows have a condition of their own.
    select pg_get_expr(polwithcheck, polrelid) from pg_policy
      where g.verb = 'update' and polpermissive and polrelid = g.table_id and (polroles = '{0}' or g.grantee = any (polroles)) and polcmd in ('*', 'w')
  ) p on true
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4`;

interface ReachRow {
  role: string;
  table: string;
  verb: Verb;
  columns: string[] | null;
  conditions: string[];
}

/** Everything that roles other than the owner are granted on tables and views. */
export const reachOf = async (admin: Asked): Promise<Reach[]> => {
  const { rows } = await admin.query<ReachRow>(reachSql);
  return rows.map(({ conditions, ...reach }) => {
    const own = ofTenantInContext(reach.table === 'tenant' ? 'id' : 'tenant_id');
    return {
      ...reach,
      ownTenant: conditions.includes(own),
      otherwise: conditions.filter((condition) => condition !== own).sort(),
    };
  });
};

/** A table of the schema that is no partition. */
export interface Table {
  name: string;
  columns: string[];
  /** Of the primary key. */
  key: string[];
  /** Whether its rows are a tenant's. */
  tenants: boolean;
}

/** Every table, by name. `tenant` is a tenants' table by its id. */
export const tablesOf = async (admin: Asked): Promise<Table[]> => {
  const { rows } = await admin.query<{ name: string; columns: string[]; key: string[] | null }>(
    `select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns,
      (select array_agg(k.attname::text order by k.attnum) from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'billing'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    group by c.oid, c.relname order by c.relname`,
  );
  return rows.map(({ name, columns, key }) => ({
    name,
    columns,
    key: key ?? [],
    tenants: name === 'tenant' || columns.includes('tenant_id'),
  }));
};

/** The roles that processes and operators act as: every login of ours, the operator's, and the one that removes. */
export const serviceRolesOf = async (admin: Asked): Promise<string[]> => {
  const { rows } = await admin.query<{ name: string }>(
    `select rolname::text as name from pg_roles
    where rolname like 'billing\\_%' and (rolcanlogin or rolname in ('billing_operator', 'billing_retention')) order by 1`,
  );
  return rows.map(({ name }) => name);
};

/** Which roles may call which function of the schema, but for its owner. `public` where everybody may. */
export const callersOf = async (admin: Asked): Promise<Record<string, string[]>> => {
  const { rows } = await admin.query<{ name: string; callers: string[] }>(
    `select p.proname::text as name,
      coalesce(array_agg(case a.grantee when 0 then 'public' else a.grantee::regrole::text end order by a.grantee::regrole::text)
        filter (where a.grantee <> p.proowner), '{}') as callers
    from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = 'billing'::regnamespace group by p.oid, p.proname order by 1`,
  );
  return Object.fromEntries(rows.map(({ name, callers }) => [name, callers]));
};

/** A line for each thing that a role may do with rows that are not of the tenant in context, such as `relay: select event`. */
export const linesOf = (reaches: readonly Reach[], nameOf: (condition: string) => string): string[] => {
  const verbs = new Map<string, Verb[]>();
  for (const { role, table, verb, columns, otherwise } of reaches) {
    const few = columns ? ` (${columns.join(', ')})` : '';
    const conditions = otherwise
      .filter((condition) => condition !== 'true')
      .map(nameOf)
      .sort();
    const where = conditions.length > 0 ? ` where ${conditions.join(' or ')}` : '';
    const key = `${shortRole(role)}: * ${table}${few}${where}`;
    verbs.set(key, [...(verbs.get(key) ?? []), verb]);
  }
  return [...verbs].map(([key, of]) => key.replace('*', inOrder(of).join(', '))).sort();
};

const order: readonly Verb[] = ['select', 'insert', 'update', 'delete'];
const inOrder = (verbs: readonly Verb[]): Verb[] => order.filter((verb) => verbs.includes(verb));

export const shortRole = (role: string): string => role.replace(/^billing_/, '').replaceAll('_', '-');
