import { tenantQuery, tenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';

import type { AuditedEvent } from './audited-event.js';
import type { AuditedRow } from './read.js';
import { auditedColumns, auditedFrom } from './read.js';

/** Whose events, and in which shard they are. */
export interface TenantPlace {
  tenantId: string;
  shard: number;
}

/** A stream longer than this is no aggregate of ours. */
const maxStreamEvents = 10_000;

const oneEvent = tenantStatement(
  'audited_event',
  `select ${auditedColumns} from billing.event
  where event.shard = $2 and event.tenant_id = t.tenant_id and event.event_id = $3::uuid
  order by event.position limit 1`,
);

const oneStream = tenantStatement(
  'audited_stream',
  `select ${auditedColumns} from billing.event
  where event.shard = $2 and event.tenant_id = t.tenant_id and event.stream_id = $3
  order by event.version limit ${maxStreamEvents + 1}`,
);

const positions = tenantStatement(
  'audited_positions',
  `select ${auditedColumns} from billing.event
  where event.shard = $2 and event.tenant_id = t.tenant_id and event.position > $3 and event.position <= $4
  order by event.position limit $5`,
);

/** The tenant's event of that id, under its row-level security; undefined where the tenant has none. */
export const tenantEvent = async (
  pool: Pool,
  { tenantId, shard }: TenantPlace,
  eventId: string,
): Promise<AuditedEvent | undefined> => {
  const [row] = await tenantQuery<AuditedRow>(pool, oneEvent, tenantId, [shard, eventId]);
  return row && auditedFrom(row);
};

/** The rows of one of the tenant's streams, in its order; none where there is no such stream. Throws for more than 10,000. */
export const tenantStream = async (
  pool: Pool,
  { tenantId, shard }: TenantPlace,
  streamId: string,
): Promise<AuditedRow[]> => {
  const rows = await tenantQuery<AuditedRow>(pool, oneStream, tenantId, [shard, streamId]);
  if (rows.length > maxStreamEvents) throw new Error(`stream ${streamId} has more than ${maxStreamEvents} events`);
  return rows;
};

/** The tenant's events at the positions after `after` up to `upTo` of its shard, the first `limit` of them. */
export const tenantEventsBetween = async (
  pool: Pool,
  { tenantId, shard }: TenantPlace,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<AuditedEvent[]> =>
  (await tenantQuery<AuditedRow>(pool, positions, tenantId, [shard, after, upTo, limit])).map(auditedFrom);
