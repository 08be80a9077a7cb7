import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';

import { noBuiltSql } from './no-built-sql.js';
import { tenantOfTransaction } from './tenant-of-transaction.js';

RuleTester.describe = describe;
RuleTester.it = it;
const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

const built = [{ messageId: 'built' }];
const refused = (code: string) => ({ code, errors: built });

tester.run('no-built-sql', noBuiltSql, {
  valid: [
    `pool.query('select 1')`,
    'pool.query(`select 1`)',
    `pool.query('select 1 from a where b = $1', [b])`,
    `pool.query({ name: 'a', text: 'select 1', values: [b] })`,
    `const columns = 'a, b'; const limit = 5; pool.query(\`select \${columns} from c limit \${limit + 1}\`)`,
    `const place = 'a' as const; pool.query('select ' + place)`,
    `const sql = newest ? 'select 1' : 'select 2'; pool.query(sql)`,
    `const of = { live: 'a', beside: 'b' }; pool.query('select 1 from ' + of.live)`,
    `const time = (column: string) => \`to_char(\${column})\`; pool.query(\`select \${time('a')}\`)`,
    'pool.query(`drop role ${pg.escapeIdentifier(name)}`)',
    'pool.query(`select ${client.escapeLiteral(value)}`)',
    'pool.query(`analyze ${relationOf(table, place)}`)',
    "pool.query(`lock table ${tables.map((table) => relationOf(table, 'live')).join(', ')}`)",
    `const read = { name: 'a', text: 'select 1' }; pool.query(read)`,
    'pool.query({ ...read, values })',
    `tenantStatement('a', 'select 1 where tenant_id = t.tenant_id')`,
    // Not SQL at all.
    'const said = { text: `hello ${name}` }',
    'search(`?q=${term}`)',
  ],
  invalid: [
    refused('pool.query(`select 1 from a where b = ${b}`)'),
    refused(`pool.query("select 1 from a where b = '" + b + "'")`),
    refused('client.query<Row>(`select ${b}`, [c])'),
    refused('client["query"](`select ${b}`)'),
    refused('this.pool.query({ text: `select ${b}`, values: [c] })'),
    refused('const read = { name: "a", text: `select ${b}` }'),
    refused('const sql = `select ${b}`; pool.query(sql)'),
    refused(`const end = ' where ' + b; const sql = 'select 1' + end; pool.query(sql)`),
    refused(`let sql = 'select 1'; sql += b; pool.query(sql)`),
    refused('const read = (b: string) => pool.query(`select ${b}`)'),
    refused('const read = (sql: string) => pool.query(sql)'),
    refused('const of = (b: string) => `select ${b}`; pool.query(of(c))'),
    refused('pool.query(newest ? "select 1" : `select ${b}`)'),
    refused('pool.query(["select", b].join(" "))'),
    refused('pool.query("select " .concat(b))'),
    refused('pool.query(`select ${names.map((name) => name).join(", ")}`)'),
    refused('pool.query(String(b))'),
    refused('pool.query(sqlOf(b))'),
    refused('pool.query(`select ${b}` as const)'),
    refused('const { sql } = options; pool.query(sql)'),
    refused('import { sql } from "./other.js"; pool.query(sql)'),
    refused('tenantStatement("a", `select ${b} from t.tenant_id`)'),
    refused('tenantInsert("a", `insert into ${b}`)'),
  ],
});

const stays = [{ messageId: 'stays' }];

tester.run('tenant-of-transaction', tenantOfTransaction, {
  valid: [
    `pool.query("select set_config('app.tenant_id', $1, true)")`,
    "const sql = `with t as (select set_config('app.tenant_id', $1, true)::uuid)`",
    `pool.query("select current_setting('app.tenant_id', true)")`,
    `pool.query('set local app.tenant_id = x')`,
  ],
  invalid: [
    { code: `pool.query("select set_config('app.tenant_id', $1, false)")`, errors: stays },
    { code: "pool.query(`select set_config( 'app.tenant_id' , $1,false)`)", errors: stays },
    { code: `pool.query("select set_config('app.tenant_id', $1, $2)")`, errors: stays },
    { code: "pool.query('set app.tenant_id = x')", errors: stays },
    { code: "pool.query('SET SESSION app.tenant_id TO x')", errors: stays },
  ],
});
