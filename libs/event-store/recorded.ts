import type { Actor, DomainEvent, RecordedEvent } from '#contracts';
import { upcast } from '#contracts';

/** The columns of an event row, as `eventColumns` selects them. */
export interface EventRow {
  shard: number;
  position: string;
  tenant_id: string;
  stream_id: string;
  version: number;
  event_id: string;
  type: string;
  schema_version: number;
  correlation_id: string;
  causation_id: string;
  data: string;
  metadata: { actor: Actor; traceparent?: string };
  /** As Postgres writes it: text, of which the driver makes no Date. */
  recorded_at: string;
}

/** Select list for `EventRow`. */
export const eventColumns =
  'shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id, data, metadata, recorded_at::text as recorded_at';

/**
 * A time as Postgres writes it in UTC (`2026-11-21 03:28:00.123456+00`, the fraction without trailing zeros or not there) in the
 * form of RFC 3339, to the millisecond; other zones the long way. A Date for each event would cost ten times as much.
 */
export const rfc3339 = (text: string): string => {
  const utc = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text);
  if (!utc) return new Date(text).toISOString();
  const [, day, time, fraction = ''] = utc;
  return `${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
};

/** A row as readers see it: parsed, and upcast to the schema version of this release. Throws UnknownEventVersion. */
export const recordedFrom = <E extends DomainEvent = DomainEvent>(row: EventRow): RecordedEvent<E> => {
  const data = upcast(row.type, row.schema_version, JSON.parse(row.data) as Record<string, unknown>);
  return {
    shard: row.shard,
    position: Number(row.position),
    tenantId: row.tenant_id,
    streamId: row.stream_id,
    version: row.version,
    eventId: row.event_id,
    type: row.type,
    schemaVersion: row.schema_version,
    event: { type: row.type, ...data } as unknown as E,
    metadata: { correlationId: row.correlation_id, causationId: row.causation_id, ...row.metadata },
    recordedAt: rfc3339(row.recorded_at),
  };
};
