import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';
import { generateLog } from '../test/bench/generated-log.js';

let database: TestDatabase;
let relations: string[];
beforeAll(async () => {
  database = await createTestDatabase();
  await generateLog(database.admin, { events: 100, tenants: 20 });
  await database.admin.query(
    'insert into billing.audit_leaf_run (first_index, shard, first_position, count) values (0, 0, 1, 1)',
  );
  const { rows } = await database.admin.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'billing'::regnamespace
      and (c.relname = 'audit_leaf_run' or c.oid in (select 'billing.event'::regclass union select inhrelid from pg_inherits where inhparent = 'billing.event'::regclass))
    order by 1`,
  );
  relations = rows.map(({ name }) => name);
});
afterAll(() => database.drop());

/** What comes of a statement, which is taken back. */
const outcomeOf = async (statement: string, first: string): Promise<string> => {
  const client = await database.admin.connect();
  try {
    await client.query(`begin; ${first}`);
    const { rowCount } = await client.query(statement);
    return `${rowCount} rows`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.query('rollback');
    client.release();
  }
};

describe('what is in the log', () => {
  const asWhom = [
    ['the administrator', ''],
    [
      'the administrator, in a session that applies changes of elsewhere',
      'set local session_replication_role = replica',
    ],
    ['the owner', 'set local role billing_owner'],
  ] as const;

  it.each(asWhom)('is neither changed nor removed nor truncated by %s, in a partition neither', async (_, first) => {
    expect(relations).toHaveLength(18);
    const done: string[] = [];
    for (const name of relations) {
      const column = name === 'audit_leaf_run' ? 'count' : 'version';
      for (const statement of [
        `update billing.${name} set ${column} = ${column}`,
        `delete from billing.${name}`,
        `truncate billing.${name}`,
      ]) {
        const outcome = await outcomeOf(statement, first);
        // A partition without rows has none that could be changed.
        if (!outcome.includes('is refused') && outcome !== '0 rows') done.push(`${statement}: ${outcome}`);
      }
    }
    expect(done).toEqual([]);
  });

  it('is guarded by triggers that no setting of a session turns off, on every partition', async () => {
    const { rows } = await database.admin.query<{ name: string; triggers: string[] }>(
      `select c.relname as name, array_agg(t.tgname || ' ' || t.tgenabled::text order by t.tgname) as triggers
      from pg_class c join pg_trigger t on t.tgrelid = c.oid
      where c.relnamespace = 'billing'::regnamespace and t.tgname in ('append_only', 'never_truncated') group by c.relname order by 1`,
    );
    expect(rows).toEqual(relations.map((name) => ({ name, triggers: ['append_only A', 'never_truncated A'] })));
  });

  it('may be changed by no role, and removed by that of the retention alone', async () => {
    const { rows } = await database.admin.query<{ grant: string }>(
      `select r.rolname || ' ' || verb || ' ' || c.relname as grant
      from pg_class c, pg_roles r, unnest(array['update', 'delete', 'truncate']) as verb
      where c.relname = any ($1) and c.relnamespace = 'billing'::regnamespace and r.rolname like 'billing\\_%' and r.rolname <> 'billing_owner'
        and has_table_privilege(r.oid, c.oid, verb) order by 1`,
      [relations],
    );
    expect(rows.map((row) => row.grant)).toEqual(['billing_retention delete event']);
  });
});
