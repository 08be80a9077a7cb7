import { platformTenantId } from '#access/tenancy';
import { shardForNewTenant } from '#event-store';
import type { Pool, QueryResultRow } from 'pg';

/** A tenant's row as those who run the deployment see it. Times are RFC 3339 in UTC, to the microsecond. */
export interface TenantRow {
  id: string;
  name: string;
  createdAt: string;
  suspendedAt: string | null;
}

/** After which row to go on: `Place` of a list. */
export interface TenantPlace {
  createdAt: string;
  id: string;
}

const time = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const columns = `id, name, ${time('created_at')} as "createdAt", ${time('suspended_at')} as "suspendedAt"`;

const add = {
  name: 'add_tenant',
  text: `select id, name, ${time('created_at')} as "createdAt" from billing.add_tenant($1, $2, $3::smallint)`,
};
const find = { name: 'tenant_of_platform', text: `select ${columns} from billing.tenant_of_platform($1)` };
const page = {
  name: 'tenants_page',
  text: `select ${columns} from billing.tenants_page($1::timestamptz, $2::uuid, $3)`,
};

/** The tenants of the deployment, for those who run it; the platform's own is none of them. migrations/0018_tenants.sql. */
export class Tenants {
  readonly #pool: Pool;

  /** `pool` logs in as billing_api or acts as billing_operator. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Makes room for a tenant in the shard that its id gives; where the id is in use, nothing. Gives the row that is there then. */
  async add(id: string, name: string): Promise<Omit<TenantRow, 'suspendedAt'>> {
    const [row] = await this.#rows<TenantRow>({ ...add, values: [id, name, shardForNewTenant(id)] });
    if (!row) throw new Error(`tenant ${id} was not added`);
    return row;
  }

  /** Undefined where there is no such tenant. */
  async find(id: string): Promise<TenantRow | undefined> {
    return id === platformTenantId ? undefined : (await this.#rows<TenantRow>({ ...find, values: [id] }))[0];
  }

  /** Newest first, `limit` (1 to 1,000) at most. */
  page(limit: number, after?: TenantPlace): Promise<TenantRow[]> {
    return this.#rows<TenantRow>({ ...page, values: [after?.createdAt ?? null, after?.id ?? null, limit] });
  }

  async #rows<Row extends QueryResultRow>(query: { name: string; text: string; values: unknown[] }): Promise<Row[]> {
    return (await this.#pool.query<Row>(query)).rows;
  }
}
