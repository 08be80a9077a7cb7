import { randomBytes } from 'node:crypto';

import pg from 'pg';

import type { TestDatabase } from '../../test/database/index.js';

/** What is set when something is tried. */
export interface Setting {
  name: string;
  /** `app.tenant_id`; null leaves it unset, as it is on a connection that was just opened. */
  tenant: string | null;
  /** `row_security`, which somebody may turn off for themselves. */
  rowSecurity?: 'off';
}

/** `rows N` where it was done, else `SQLSTATE message`. Whatever was done is undone. */
export type Outcome = string;

export const permissionDenied = '42501';

/** A function, with the rights of who calls it, that does as it is told and undoes it. */
const attemptFunction = `
  create schema trial;
  create function trial.attempt(p_tenant text, p_row_security text, p_sql text) returns text language plpgsql as $$
  declare done bigint;
  begin
    if p_tenant is not null then
      perform set_config('app.tenant_id', p_tenant, true);
    end if;
    perform set_config('row_security', p_row_security, true);
    execute p_sql;
    get diagnostics done = row_count;
    raise sqlstate 'ZZ000' using message = done;
  exception
    when sqlstate 'ZZ000' then return 'rows ' || sqlerrm;
    when others then return sqlstate || ' ' || sqlerrm;
  end $$;
  grant usage on schema trial to public;`;

/** Roles without a login, that operators act as. */
const actingRoles = ['billing_operator', 'billing_retention'];

/** Tries statements as the roles of a database, and counts them. */
export class Attempts {
  count = 0;
  readonly #pools = new Map<string, pg.Pool>();
  /** A login of its own for each of them. */
  readonly #operators = new Map(
    actingRoles.map((role) => [
      role,
      { name: `operator_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') },
    ]),
  );

  private constructor(private readonly database: TestDatabase) {}

  static async in(database: TestDatabase): Promise<Attempts> {
    await database.admin.query(attemptFunction);
    const attempts = new Attempts(database);
    for (const [role, { name, password }] of attempts.#operators)
      await database.admin.query(
        `create role ${pg.escapeIdentifier(name)} login noinherit password ${pg.escapeLiteral(password)} in role ${role}`,
      );
    return attempts;
  }

  /** What becomes of each statement, tried one after the other as `role`. Those without a tenant come first on their connection. */
  async try(role: string, { tenant, rowSecurity }: Setting, statements: readonly string[]): Promise<Outcome[]> {
    this.count += statements.length;
    const { rows } = await this.#poolOf(role).query<{ outcome: string }>(
      'select trial.attempt($1, $2, s.sql) as outcome from unnest($3::text[]) with ordinality as s (sql, ord) order by s.ord',
      [tenant, rowSecurity ?? 'on', statements],
    );
    return rows.map(({ outcome }) => outcome);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
    for (const { name } of this.#operators.values())
      await this.database.admin.query(`drop role ${pg.escapeIdentifier(name)}`);
  }

  #poolOf(role: string): pg.Pool {
    const known = this.#pools.get(role);
    if (known) return known;
    const operator = this.#operators.get(role);
    const pool = operator
      ? this.#operatorPool(role, operator)
      : new pg.Pool({ connectionString: this.database.url(role), max: 1 });
    pool.on('error', () => undefined); // the database may be dropped before its connections have closed
    this.#pools.set(role, pool);
    return pool;
  }

  /** An operator is a login of their own, who acts as the operator, or as the one that removes. */
  #operatorPool(role: string, { name, password }: { name: string; password: string }): pg.Pool {
    const url = new URL(this.database.adminUrl);
    url.username = name;
    url.password = password;
    return new pg.Pool({ connectionString: url.href, max: 1, options: `-c role=${role}` });
  }
}
