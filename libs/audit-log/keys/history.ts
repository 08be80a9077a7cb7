import { platformTenantId } from '#access/tenancy';
import { keyHistoryStream } from '#audit';
import { upcast } from '#contracts';
import type { AuditKeyEvent, AuditKeys } from '#domain/audit-key';
import { foldAuditKeys } from '#domain/audit-key';
import { shardForNewTenant } from '#event-store';
import type { Pool } from 'pg';

import type { AuditedEvent } from '../audited-event.js';
import { auditedFrom } from '../read.js';
import { tenantStream } from '../tenant-reads.js';

/** The history of the keys of a log. */
export interface KeyHistory {
  /** Its events as they are audited, the first first: that at place n has version n + 1. */
  events: readonly AuditedEvent[];
  state: AuditKeys;
}

/** The migration that made the platform's tenant took the shard that its id gives, and no tenant ever moves. */
const shard = shardForNewTenant(platformTenantId);

/** The history of the keys of the log of this origin, as it is now; empty before the first key. For every role that reads events. */
export const readKeyHistory = async (pool: Pool, origin: string): Promise<KeyHistory> => {
  const rows = await tenantStream(pool, { tenantId: platformTenantId, shard }, keyHistoryStream(origin));
  const told = rows.map(
    ({ type, schema_version, data }) =>
      ({
        type,
        ...upcast(type, schema_version, JSON.parse(data) as Record<string, unknown>),
      }) as unknown as AuditKeyEvent,
  );
  return { events: rows.map(auditedFrom), state: foldAuditKeys(told) };
};
