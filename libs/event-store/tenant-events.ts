import type { EventType } from '#contracts';
import type { Pool } from 'pg';

import type { EventRow } from './recorded.js';
import { eventColumns } from './recorded.js';

/** Which events of a tenant are wanted. */
export interface TenantEventsQuery {
  tenantId: string;
  shard: number;
  /** The position after which to look; 0 for all. */
  after: number;
  /** Events at most. */
  limit: number;
  types?: readonly EventType[] | undefined;
  streamId?: string | undefined;
}

export interface TenantEvents {
  /** Oldest first, not decoded: `eventLine` does that. */
  rows: EventRow[];
  /** Position up to which everything was looked at: where to go on. */
  upTo: number;
  /** The end of the shard at that moment. */
  head: number;
}

/** Positions that one query walks at most: the tenants of a shard lie mixed, and no index orders one tenant's events. */
export const windowSize = 20_000;

interface PageRow extends EventRow {
  up_to: string;
  head: string;
}

/** The set_config runs before any policy looks at the setting: libs/access/tenancy tells why it is written so. */
const statement = (where: string, upTo: string): string =>
  `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as tenant_id)
  select page.* from t cross join lateral (
    select h.up_to, h.head, e.* from (select ${upTo} as up_to, position as head from billing.log_head where shard = $2) h
    left join lateral (
      select ${eventColumns} from billing.event
      where event.shard = $2 and event.tenant_id = t.tenant_id and event.position > $3 and event.position <= h.up_to
        and ($5::text[] is null or event.type = any ($5)) ${where}
      order by event.position limit $4) e on true
    order by e.position
    offset 0) page`;

const ofWindow = {
  name: 'tenant_events',
  text: statement('', `least($3::bigint + ${windowSize}, position)`),
};
/** A stream is found by its index, however far apart its events lie. */
const ofStream = {
  name: 'tenant_stream_events',
  text: statement('and event.stream_id = $6', 'position'),
};

/**
 * One look at a tenant's events under its row-level security: the first `limit` that are wanted among the next 20,000 positions of
 * the shard, or in the whole stream where one is named. `upTo` is beyond the last row when there was nothing more.
 */
export const readTenantEvents = async (pool: Pool, query: TenantEventsQuery): Promise<TenantEvents> => {
  const { tenantId, shard, after, limit, types, streamId } = query;
  const values = [tenantId, shard, after, limit, types ?? null];
  const { rows: found } = await pool.query<PageRow>(
    streamId === undefined ? { ...ofWindow, values } : { ...ofStream, values: [...values, streamId] },
  );
  const head = Number(found[0]?.head ?? 0);
  const upTo = Number(found[0]?.up_to ?? 0);
  const rows = found.filter((row) => (row.position as string | null) !== null);
  const last = rows.at(-1);
  return { rows, head, upTo: rows.length >= limit && last ? Number(last.position) : Math.max(upTo, after) };
};
