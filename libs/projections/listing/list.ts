import type { TenantStatement } from '#access/tenancy';
import { tenantQuery, tenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';

import { decodeCursor, encodeCursor } from './cursor.js';
import { isInstant, isUuid } from './forms.js';
import type { Page, PageRequest, Versioned } from './page.js';
import { limitOf } from './page.js';

/** The SQL of one filter; `?` stands for its value. */
export interface Filter {
  sql: string;
  type: 'uuid' | 'text';
}

/** A read model's table as lists and look-ups see it. All of it is fixed text of ours: no input ever becomes SQL. */
export interface Listed {
  /** Names the list in its cursors: a format that the outside keeps. */
  name: string;
  table: string;
  id: string;
  filters: Readonly<Record<string, Filter>>;
}

/** When what is listed was created: from `createdFrom` on, before `createdTo`. RFC 3339. */
export interface CreatedBetween {
  createdFrom?: string;
  createdTo?: string;
}

export type ListRequest = PageRequest & CreatedBetween;

/** Raised for a time that is not RFC 3339. */
export class InvalidTime extends Error {
  constructor(readonly field: keyof CreatedBetween) {
    super(`${field} must be an RFC 3339 time, such as 2026-11-21T04:00:00Z`);
    this.name = 'InvalidTime';
  }
}

interface StateRow {
  version: number;
  state: string;
}
interface ListRow extends StateRow {
  id: string;
  created: string;
}

const endOfIds = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const firstFilterParameter = 7;

/** One statement for each set of filters, so that every plan uses the index made for it. */
const listStatement = ({ name, table, id, filters }: Listed, used: readonly string[]): TenantStatement => {
  const conditions = used.map((filter, at) => filters[filter]?.sql.replace('?', `$${firstFilterParameter + at}`));
  return tenantStatement(
    ['list', name, ...used].join('_'),
    // eslint-disable-next-line billing/no-built-sql -- names and filters are the read model's own; no input becomes SQL
    `select version, state, ${id} as id,
      to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created
    from billing.${table}
    where ${['tenant_id = t.tenant_id', ...conditions].join(' and ')}
      and created_at >= $2::timestamptz and created_at < $3::timestamptz and (created_at, ${id}) < ($4::timestamptz, $5::uuid)
    order by created_at desc, ${id} desc limit $6`,
  );
};

/** Every statement that `listOf` can send, for the test that reads their plans. */
export const listStatements = (listed: Listed): TenantStatement[] => {
  const sets = Object.keys(listed.filters).reduce<string[][]>(
    (made, filter) => [...made, ...made.map((set) => [...set, filter])],
    [[]],
  );
  return sets.map((set) => listStatement(listed, set));
};

const timeOf = (request: CreatedBetween, field: keyof CreatedBetween, absent: string): string => {
  const time = request[field];
  if (time === undefined) return absent;
  if (!isInstant(time)) throw new InvalidTime(field);
  return time;
};

/**
 * A list over `listed`: keyset pagination by (created_at, id), newest first, so that pages neither repeat nor skip a row while
 * others are inserted. Gives folded states; a filter value of another form than the column's matches nothing.
 * The list rejects with InvalidCursor, InvalidLimit or InvalidTime.
 */
export const listOf = <State>(listed: Listed) => {
  const statements = new Map(listStatements(listed).map((statement) => [statement.name, statement]));
  return async (
    pool: Pool,
    tenantId: string,
    request: ListRequest & Readonly<Record<string, string | number | undefined>>,
  ): Promise<Page<State>> => {
    const limit = limitOf(request);
    const place = request.cursor === undefined ? undefined : decodeCursor(listed.name, request.cursor);
    const from = timeOf(request, 'createdFrom', '-infinity');
    const to = timeOf(request, 'createdTo', 'infinity');
    const used = Object.keys(listed.filters).filter((filter) => request[filter] !== undefined);
    const values = used.map((filter) => String(request[filter]));
    if (used.some((filter, at) => listed.filters[filter]?.type === 'uuid' && !isUuid(values[at] ?? ''))) {
      return { data: [], nextCursor: null };
    }
    const rows = await tenantQuery<ListRow>(
      pool,
      statements.get(['list', listed.name, ...used].join('_')) as TenantStatement,
      tenantId,
      [from, to, place?.createdAt ?? 'infinity', place?.id ?? endOfIds, limit + 1, ...values],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map((row) => JSON.parse(row.state) as State),
      nextCursor:
        rows.length > limit && last ? encodeCursor(listed.name, { createdAt: last.created, id: last.id }) : null,
    };
  };
};

/** A look-up by id under the tenant's row-level security: undefined for what is not there, or is another tenant's. */
export const getOf = <State>({ name, table, id }: Listed) => {
  const statement = tenantStatement(
    `get_${name}`,
    // eslint-disable-next-line billing/no-built-sql -- names are the read model's own; no input becomes SQL
    `select version, state from billing.${table} where tenant_id = t.tenant_id and ${id} = $2::uuid`,
  );
  return async (pool: Pool, tenantId: string, wanted: string): Promise<Versioned<State> | undefined> => {
    if (!isUuid(wanted)) return undefined;
    const [row] = await tenantQuery<StateRow>(pool, statement, tenantId, [wanted]);
    return row && { version: row.version, value: JSON.parse(row.state) as State };
  };
};

/** The page with each entry shown by `view`. */
export const mapPage = <A, B>({ data, nextCursor }: Page<A>, view: (entry: A) => B): Page<B> => ({
  data: data.map(view),
  nextCursor,
});
