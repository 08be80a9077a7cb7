import { eventTypes, isEventType, upcast } from '#contracts';

import type { EventRow } from './recorded.js';
import { rfc3339 } from './recorded.js';

/**
 * An event as outsiders read it: one JSON object in one line, without the line's end. `data` is upcast to the schema version that
 * `schemaVersion` names, and begins with the event's type. Stored data of that version is copied, not parsed: RFC 8785 text
 * is JSON already. Throws UnknownEventVersion for what this release cannot read.
 */
export const eventLine = (row: EventRow): string => {
  const current = upcastRow(row);
  const data = current.data === '{}' ? '}' : `,${current.data.slice(1)}`;
  return `${opening(current)},"data":{"type":"${current.type}"${data}}`;
};

/** The same with the data exactly as it was stored, in the schema version that it was stored in. */
export const rawEventLine = (row: EventRow): string => `${opening(row)},"data":${row.data}}`;

/** A row with its data in the schema version of this release: the row itself, where it was stored so. Throws UnknownEventVersion. */
export const upcastRow = (row: EventRow): EventRow => {
  const version = isEventType(row.type) ? eventTypes[row.type].version : undefined;
  if (row.schema_version === version) return row;
  const data = upcast(row.type, row.schema_version, JSON.parse(row.data) as Record<string, unknown>);
  return { ...row, data: JSON.stringify(data), schema_version: version ?? row.schema_version };
};

const opening = (row: EventRow): string => {
  const { actor, traceparent } = row.metadata;
  const trace = traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(traceparent)}`;
  return (
    `{"position":"${row.shard}:${row.position}","tenantId":"${row.tenant_id}","streamId":${JSON.stringify(row.stream_id)}` +
    `,"version":${row.version},"eventId":"${row.event_id}","type":${JSON.stringify(row.type)},"schemaVersion":${row.schema_version}` +
    `,"metadata":{"correlationId":"${row.correlation_id}","causationId":"${row.causation_id}"` +
    `,"actor":{"type":"${actor.type}","subject":${JSON.stringify(actor.subject)}}${trace}},"recordedAt":"${rfc3339(row.recorded_at)}"`
  );
};
