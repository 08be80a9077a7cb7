import type { Pool, QueryResultRow } from 'pg';
import { assertTenantId } from './tenant-id.js';

/** One SQL statement that sets its tenant itself, made by `tenantStatement` or `tenantInsert`. */
export interface TenantStatement {
  readonly name: string;
  readonly text: string;
}

const setTenant = `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as tenant_id)`;

/**
 * A prepared statement that reads as one tenant in a single round trip. `body` is a select that refers to `t.tenant_id`; its
 * own parameters start at $2, and its columns and their order are the result's. It may end in `order by` and `limit`.
 * Throws at load time for a body that does not name the tenant.
 *
 * The setting is local to the statement's own transaction, so nothing stays on the connection. Row level security reads it
 * once, at the first moment the executor meets a policy, so it must be set before that. Left to itself the planner scans the
 * body's table first, or compares the policies of two joined tables up front, and the statement silently reads nothing. Here
 * the CTE is materialized, the body depends on it through LATERAL and can only run as the inner side of a nested loop, and
 * `offset 0` keeps the body from being pulled up and mixed with the outer query.
 */
export const tenantStatement = (name: string, body: string): TenantStatement => {
  if (!/^\s*select\s/i.test(body))
    throw new Error(`${name}: a tenant statement is a select; for an insert use tenantInsert`);
  assertNamesTenant(name, body);
  // eslint-disable-next-line billing/no-built-sql -- the body is looked at where it is given
  return { name, text: `${setTenant}\nselect q.* from t cross join lateral (\n${body}\noffset 0) q` };
};

/**
 * A prepared statement that inserts as one tenant in a single round trip. `body` is `insert into ... select t.tenant_id, ...
 * from t`, with `on conflict` if need be; its own parameters start at $2. The rows come out of `t`, so the setting is there
 * when row level security checks them. For update and delete, which scan before they join, use `withTenant`.
 */
export const tenantInsert = (name: string, body: string): TenantStatement => {
  if (!/^\s*insert\s+into\s/i.test(body) || !/\sfrom\s+t\b/i.test(body)) {
    throw new Error(`${name}: write it as insert into ... select ... from t`);
  }
  assertNamesTenant(name, body);
  // eslint-disable-next-line billing/no-built-sql -- the body is looked at where it is given
  return { name, text: `${setTenant}\n${body}` };
};

const assertNamesTenant = (name: string, body: string): void => {
  if (!/\bt\.tenant_id\b/.test(body)) throw new Error(`${name}: the statement must refer to t.tenant_id`);
};

/**
 * Runs a tenant statement on any connection of `pool` and gives its rows. `values` are $2 and on. Throws a TypeError when
 * `tenantId` is not a UUID.
 */
export const tenantQuery = async <Row extends QueryResultRow>(
  pool: Pool,
  { name, text }: TenantStatement,
  tenantId: string,
  values: readonly unknown[] = [],
): Promise<Row[]> => {
  assertTenantId(tenantId);
  // eslint-disable-next-line billing/no-built-sql -- what tenantStatement and tenantInsert have made
  const { rows } = await pool.query<Row>({ name, text, values: [tenantId, ...values] });
  return rows;
};
