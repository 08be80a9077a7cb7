import type { CustomTypesConfig } from 'pg';
import { types } from 'pg';
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
  /** As Postgres writes it: `rawTimes` keeps the driver from making a Date of it. */
  recorded_at: string;
}

/** Select list for `EventRow`. */
export const eventColumns =
  'shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id, data, metadata, recorded_at';

const timestamptz = 1184;

/** Type parsers for queries that select `EventRow`s: times stay text, which most readers never look at. */
export const rawTimes: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === timestamptz ? (text: string) => text : (types.getTypeParser(oid, format) as (text: string) => unknown),
};

/** `2026-11-21 03:28:00.123456+00`, as Postgres writes times in UTC, in the form of RFC 3339; other zones the long way. */
const rfc3339 = (text: string): string =>
  text.endsWith('+00')
    ? `${text.slice(0, 10)}T${text.slice(11, 23).padEnd(23 - 11, '0')}Z`
    : new Date(text).toISOString();

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
