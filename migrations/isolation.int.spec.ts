import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';
import type { Outcome, Setting } from './testing/attempts.js';
import { Attempts, permissionDenied } from './testing/attempts.js';
import { beyondTheTenant } from './testing/beyond-the-tenant.js';
import type { Reach, Table, Verb } from './testing/catalogue.js';
import { reachOf, serviceRolesOf, shortRole, tablesOf } from './testing/catalogue.js';
import type { Row } from './testing/samples.js';
import { insertOf, literal, sampleRun, samples } from './testing/samples.js';

/** Two tenants with a row in every table, one that has none, and one that does not exist. */
const [own, foreign, stranger, nobody] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

const settings: Setting[] = [
  { name: 'no tenant', tenant: null },
  { name: 'no tenant, and row security off', tenant: null, rowSecurity: 'off' },
  { name: 'an empty tenant', tenant: '' },
  ...['x', `${foreign}x`, `${stranger},${foreign}`, `${foreign}' or true --`].map((tenant) => ({
    name: `a malformed tenant: ${tenant}`,
    tenant,
  })),
  { name: 'a tenant without rows', tenant: stranger },
  { name: 'another tenant', tenant: own },
];

let database: TestDatabase;
let attempts: Attempts;
let tables: Table[];
let reaches: Reach[];
let roles: string[];

/** Keys of the rows that exist, and of rows that do not. */
const [taken, fresh] = [7, 8];

beforeAll(async () => {
  database = await createTestDatabase();
  const { admin } = database;
  tables = await tablesOf(admin);
  reaches = await reachOf(admin);
  roles = await serviceRolesOf(admin);
  for (const id of [own, foreign, stranger]) await database.addTenant({ id });
  await admin.query(
    `insert into billing.reconciliation_run (run_id, asked_by, window_from, window_to, not_before, requested_at)
    values ($1, 'operator', now() - interval '1 day', now(), now(), now())`,
    [sampleRun],
  );
  for (const { name, tenants } of tables) {
    if (!tenants || name === 'tenant') continue;
    await admin.query(insertOf(name, sampleOf(name, foreign, taken)));
    // Where the key has no tenant, the other one's row has another key.
    const row = sampleOf(name, own, taken);
    await admin.query(insertOf(name, row)).catch(() => admin.query(insertOf(name, sampleOf(name, own, taken + 10))));
  }
  await admin.query('analyze');
  attempts = await Attempts.in(database);
});
afterAll(async () => {
  const { length } = settings;
  process.stdout.write(
    `isolation: ${attempts.count} tried over ${tables.length} tables, ${roles.length} roles and ${length} settings\n`,
  );
  await attempts.close();
  await database.drop();
});

const sampleOf = (table: string, tenant: string, n: number): Row => {
  const sample = samples[table];
  if (!sample) throw new Error(`add a sample row of ${table} to migrations/testing/samples.ts`);
  return sample(tenant, n);
};

const reachFor = (role: string, table: string, verb: Verb): Reach[] =>
  reaches.filter((reach) => reach.role === role && reach.table === table && reach.verb === verb);

/** `role verb table` for each entry of beyond-the-tenant.ts. */
const declared = new Set(
  Object.keys(beyondTheTenant).flatMap((line) => {
    const [, role = '', verbs = '', table = ''] = /^(\S+): ([a-z, ]+) ([a-z_]+)(?: [(w].*)?$/.exec(line) ?? [];
    return verbs.split(', ').map((verb) => `${role} ${verb} ${table}`);
  }),
);

/** What a role may do with a table: nothing, with rows of its tenant, or with others' too, as it is declared. */
const rightTo = (role: string, table: string, verb: Verb): 'nothing' | 'own' | 'beyond' => {
  if (reachFor(role, table, verb).length === 0) return 'nothing';
  return declared.has(`${shortRole(role)} ${verb} ${table}`) ? 'beyond' : 'own';
};

/** The columns that a role may name in such a statement; every one that the table has where it may none. */
const columnsFor = (role: string, { name, columns }: Table, verb: Verb): string[] => {
  const found = reachFor(role, name, verb);
  return found.length === 0 || found.some((reach) => reach.columns === null)
    ? columns
    : found.flatMap((reach) => reach.columns ?? []);
};

const rowsOf = (outcome: Outcome): number | undefined => {
  const [, count] = /^rows (\d+)$/.exec(outcome) ?? [];
  return count === undefined ? undefined : Number(count);
};

/** How many rows of a table are those of the tenant that is set. */
const ownRows = ({ name }: Table, { tenant, rowSecurity }: Setting): number => {
  if (rowSecurity || tenant === null) return 0;
  return tenant === own || (tenant === stranger && name === 'tenant') ? 1 : 0;
};

/** A statement, and what its outcome says against it: undefined where it is as it should be. */
interface Try {
  sql: string;
  wrong: (outcome: Outcome) => string | undefined;
}

/** Tries what `triesOf` gives for every role, setting and table, and says what should not have been. */
const everywhere = async (
  among: Table[],
  triesOf: (role: string, table: Table, setting: Setting) => Try[],
): Promise<string[]> => {
  const found: string[] = [];
  const tryAs = async (role: string): Promise<void> => {
    for (const setting of settings) {
      const tries = among.flatMap((table) => triesOf(role, table, setting));
      const outcomes = await attempts.try(
        role,
        setting,
        tries.map(({ sql }) => sql),
      );
      tries.forEach(({ sql, wrong }, at) => {
        const fault = wrong(outcomes[at] ?? '');
        if (fault !== undefined) found.push(`${role}, ${setting.name}: ${sql}: ${fault}`);
      });
    }
  };
  await Promise.all(roles.map(tryAs));
  return found;
};

const refused = (outcome: Outcome): string | undefined => (outcome.startsWith(permissionDenied) ? undefined : outcome);
const tenantsTables = () => tables.filter(({ tenants }) => tenants);

/** How often a role did reach its own tenant's rows: a matrix in which nothing works would prove nothing. */
let reached = 0;

/** Reads, changes, takes and deletes every row it can. */
const reachForRows = (role: string, table: Table, setting: Setting): Try[] => {
  const { name } = table;
  const sample = sampleOf(name, foreign, taken);
  const tenantColumn = name === 'tenant' ? 'id' : 'tenant_id';
  const readable = columnsFor(role, table, 'select');
  const updatable =
    columnsFor(role, table, 'update').find((column) => column in sample && column !== tenantColumn) ?? tenantColumn;
  const tries: [Verb, string][] = [
    ['select', `select ${readable.join(', ')} from billing.${name}`],
    ['select', `select from billing.${name} where ${readable[0]} is not null`],
    ['update', `update billing.${name} set ${updatable} = ${literal(sample[updatable])}`],
    ['delete', `delete from billing.${name}`],
  ];
  const giveAway = `update billing.${name} set ${tenantColumn} = ${literal(setting.tenant === own ? foreign : stranger)}`;
  const given: Try = { sql: giveAway, wrong: (outcome) => ((rowsOf(outcome) ?? 0) > 0 ? outcome : undefined) };
  const reads = tries
    .filter(([verb]) => rightTo(role, name, verb) !== 'beyond')
    .map(([verb, sql]): Try => ({
      sql,
      wrong: (outcome) => {
        if (rightTo(role, name, verb) === 'nothing') return refused(outcome);
        const rows = rowsOf(outcome);
        reached += rows ?? 0;
        const expected = ownRows(table, setting);
        return rows === expected || (rows === undefined && expected === 0) ? undefined : outcome;
      },
    }));
  return rightTo(role, name, 'update') === 'beyond' ? reads : [...reads, given];
};

/** Inserts rows of others, and rows that collide with them: what comes of it must not tell that there is anything. */
const inferFromInserts = (role: string, table: Table, setting: Setting): Try[] => {
  const { name } = table;
  if (rightTo(role, name, 'insert') === 'beyond') return [];
  const columns = columnsFor(role, table, 'insert');
  const insert = (tenant: string, n: number) => insertOf(name, sampleOf(name, tenant, n), columns);
  /** A row that says nothing of others, and rows that must not come to another end. */
  const likeEachOther = (sqls: string[], mayBeDone: boolean): Try[] => {
    let usual: Outcome;
    return sqls.map((sql, at) => ({
      sql,
      wrong: (outcome) => {
        if (at === 0) usual = outcome;
        if (!mayBeDone && rowsOf(outcome) !== undefined) return outcome;
        if (mayBeDone) reached += rowsOf(outcome) ?? 0;
        return outcome === usual ? undefined : `${outcome}, not ${usual}`;
      },
    }));
  };
  const quietly = ' on conflict do nothing';
  return [
    ...likeEachOther([insert(foreign, fresh), insert(foreign, taken), insert(nobody, fresh)], false),
    ...likeEachOther([insert(foreign, fresh) + quietly, insert(foreign, taken) + quietly], false),
    // The keys of another's row under one's own tenant.
    ...likeEachOther([insert(stranger, fresh), insert(stranger, taken)], setting.tenant === stranger),
  ];
};

describe('every table of tenants, as every role, with another tenant set, none, an empty or a malformed one', () => {
  it('gives no row of another tenant, lets none be changed, taken or deleted, and does give the rows of its own', async () => {
    reached = 0;
    expect(await everywhere(tenantsTables(), reachForRows)).toEqual([]);
    expect(reached).toBeGreaterThan(50);
  });

  it('takes no row for another tenant, and does not tell by a collision or a missing reference what others have', async () => {
    reached = 0;
    expect(await everywhere(tenantsTables(), inferFromInserts)).toEqual([]);
    expect(reached).toBeGreaterThan(5);
  });

  it('keeps its statistics, which hold values of rows, to itself', async () => {
    const first = tenantsTables().slice(0, 1);
    const looks = [
      {
        sql: `select from pg_stats where schemaname = 'billing'`,
        wrong: (outcome: Outcome) => (outcome === 'rows 0' ? undefined : outcome),
      },
      { sql: 'select from pg_statistic', wrong: refused },
    ];
    expect(await everywhere(first, () => looks)).toEqual([]);
  });
});

describe('what goes beyond the tenant in context', () => {
  it('goes as far as its columns, and no further', async () => {
    const wrong: string[] = [];
    for (const { role, table, verb, columns } of reaches) {
      if (!columns || !roles.includes(role)) continue;
      const others = (tables.find(({ name }) => name === table)?.columns ?? []).filter(
        (column) =>
          !reachFor(role, table, verb).some((reach) => reach.columns === null || reach.columns.includes(column)),
      );
      const statement = (column: string) =>
        ({
          select: `select ${column} from billing.${table}`,
          update: `update billing.${table} set ${column} = default`,
          insert: `insert into billing.${table} (${column}) values (default)`,
          delete: `delete from billing.${table}`,
        })[verb];
      const outcomes = await attempts.try(role, { name: '', tenant: null }, others.map(statement));
      outcomes.forEach((outcome, at) => {
        if (!outcome.startsWith(permissionDenied)) wrong.push(`${role}: ${statement(others[at] ?? '')}: ${outcome}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe('every table of the platform, as every role', () => {
  it('does what is declared, and refuses the rest', async () => {
    const wrong = await everywhere(
      tables.filter(({ tenants }) => !tenants),
      (role, { name, columns }) => {
        const tries: [Verb, string][] = [
          ['select', `select from billing.${name}`],
          ['select', `select ${columns.join(', ')} from billing.${name}`],
          ['insert', `insert into billing.${name} default values`],
          ['update', `update billing.${name} set ${columns[0]} = default`],
          ['delete', `delete from billing.${name}`],
        ];
        return tries
          .filter(([verb]) => rightTo(role, name, verb) === 'nothing')
          .map(([, sql]) => ({ sql, wrong: refused }));
      },
    );
    expect(wrong).toEqual([]);
  });
});

describe('every role', () => {
  it('cannot take the guard away, empty a table, or become another', async () => {
    const wrong: string[] = [];
    for (const role of roles) {
      const others = ['postgres', 'billing_owner', 'billing_appender', 'billing_tailer', ...roles].filter(
        (other) => other !== role,
      );
      const tries = [
        ...tables.flatMap(({ name }) => [
          `truncate billing.${name}`,
          `alter table billing.${name} disable row level security`,
          `alter table billing.${name} no force row level security`,
          `create policy mine on billing.${name} using (true)`,
          `lock table billing.${name} in access exclusive mode`,
        ]),
        ...others.flatMap((other) => [`set local role ${other}`, `grant ${other} to ${role}`]),
        `alter role ${role} bypassrls`,
        'create table billing.mine ()',
        'create table public.mine ()',
        'create schema mine',
        'select lo_create(0)',
        `select lo_from_bytea(0, 'mine')`,
        // The projector's role verifies the read models in temporary tables.
        ...(role === 'billing_projector' ? [] : ['create temporary table mine ()']),
        'create or replace function billing.tenant_in_context() returns uuid language sql as $$select null::uuid$$',
      ];
      const outcomes = await attempts.try(role, { name: '', tenant: own }, tries);
      outcomes.forEach((outcome, at) => {
        const sql = tries[at] ?? '';
        // Who may change every row of a table may lock it too.
        const mayLock =
          sql.startsWith('lock') &&
          (['update', 'delete'] as const).some((verb) => rightTo(role, sql.split(/[ .]/)[3] ?? '', verb) !== 'nothing');
        if (!outcome.startsWith(permissionDenied) && !mayLock) wrong.push(`${role}: ${sql}: ${outcome}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});
