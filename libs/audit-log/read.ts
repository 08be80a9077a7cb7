import type { EventRow } from '#event-store';
import type { Pool } from 'pg';

import type { AuditedEvent } from './audited-event.js';

/** The columns of an event row, as `auditedColumns` selects them: `metadata` as it was stored, `recorded_at` in RFC 3339, UTC, six digits of a second. */
export type AuditedRow = Omit<EventRow, 'metadata'> & { metadata: unknown };

/** Select list for `AuditedRow`, of the table `event` itself: the time is written as it is hashed, whatever the time zone of the session. */
export const auditedColumns = `event.shard, event.position, event.tenant_id, event.stream_id, event.version, event.event_id, event.type,
  event.schema_version, event.correlation_id, event.causation_id, event.data, event.metadata,
  to_char(event.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as recorded_at`;

export const auditedFrom = (row: AuditedRow): AuditedEvent => ({
  shard: row.shard,
  position: Number(row.position),
  tenantId: row.tenant_id,
  streamId: row.stream_id,
  version: row.version,
  eventId: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  data: row.data,
  metadata: row.metadata,
  recordedAt: row.recorded_at,
});

const sql = `select e.* from unnest($1::smallint[], $2::bigint[]) as s (shard, after)
  cross join lateral (
    select ${auditedColumns} from billing.event where event.shard = s.shard and event.position > s.after
    order by event.position limit $3) e
  order by e.shard, e.position`;

/**
 * Events after a position of each shard (0: from its first), in shard and position order, `limit` of each shard at most. For a role that
 * reads all tenants. Nothing is decoded, so none of them is unreadable.
 */
export const readAudited = async (
  pool: Pick<Pool, 'query'>,
  after: ReadonlyMap<number, number>,
  limit: number,
): Promise<AuditedEvent[]> => {
  if (after.size === 0) return [];
  const { rows } = await pool.query<AuditedRow>({
    name: 'read_audited',
    text: sql,
    values: [[...after.keys()], [...after.values()], limit],
  });
  return rows.map(auditedFrom);
};
