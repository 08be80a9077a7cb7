import type { RecordedEvent } from '#contracts';
import type { Pool } from 'pg';

import type { EventRow } from './recorded.js';
import { eventColumns, recordedFrom } from './recorded.js';

/** The next `limit` events of one tenant after a position of its shard, oldest first, read under its row-level security. */
export const eventsOfTenant = async (
  pool: Pool,
  wanted: { tenantId: string; shard: number; after: number; limit: number },
): Promise<RecordedEvent[]> => {
  const { rows } = await pool.query<EventRow>({
    name: 'tenant_events',
    text: `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as tenant_id)
      select e.* from t cross join lateral (
        select ${eventColumns} from billing.event
        where event.shard = $2 and event.tenant_id = t.tenant_id and event.position > $3 order by event.position limit $4
        offset 0) e`,
    values: [wanted.tenantId, wanted.shard, wanted.after, wanted.limit],
  });
  return rows.map((row) => recordedFrom(row));
};
