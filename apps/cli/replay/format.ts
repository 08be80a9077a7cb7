import type { EventRow } from '#event-store';
import { eventLine, rawEventLine, rfc3339, upcastRow } from '#event-store';

export type ReplayFormat = 'ndjson' | 'csv' | 'table';

/** Makes text of rows. It is the same whatever source they are from. */
export interface Formatter {
  /** What comes first, once. */
  header: string;
  /** Throws UnknownEventVersion for a row that has to be upcast and cannot be. */
  line(row: EventRow): string;
}

/** `raw` leaves data and schema version as they were stored; otherwise data is that of this release's schema version. */
export const formatterOf = (format: ReplayFormat, raw: boolean, width = 160): Formatter => {
  const read = raw ? (row: EventRow) => row : upcastRow;
  if (format === 'csv') return { header: `${csvColumns.join(',')}\n`, line: (row) => csvLine(read(row)) };
  if (format === 'table')
    return { header: tableLine(tableHead, width), line: (row) => tableLine(tableCells(read(row)), width) };
  const encode = raw ? rawEventLine : eventLine;
  return { header: '', line: (row) => `${encode(row)}\n` };
};

const csvColumns = [
  'shard',
  'position',
  'recordedAt',
  'tenantId',
  'streamId',
  'version',
  'eventId',
  'type',
  'schemaVersion',
  'correlationId',
  'causationId',
  'actorType',
  'actorSubject',
  'traceparent',
  'data',
];

/** RFC 4180, but for the line's end, which is a line feed alone, as Postgres writes it. */
const csvLine = (row: EventRow): string => {
  const { actor, traceparent = '' } = row.metadata;
  const plain = `${row.shard},${row.position},${rfc3339(row.recorded_at)},${row.tenant_id},${field(row.stream_id)},${row.version},${row.event_id}`;
  const rest = `${field(row.type)},${row.schema_version},${row.correlation_id},${row.causation_id},${actor.type},${field(actor.subject)},${field(traceparent)}`;
  return `${plain},${rest},${field(row.data)}\n`;
};

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const tableHead: TableCells = ['POSITION', 'RECORDED AT', 'EVENT', 'STREAM', 'DATA'];
type TableCells = [position: string, recordedAt: string, event: string, stream: string, data: string];
const widths = [10, 24, 28, 52];

const tableCells = (row: EventRow): TableCells => [
  `${row.shard}:${row.position}`,
  rfc3339(row.recorded_at),
  row.type,
  row.stream_id,
  row.data,
];

/** Columns of fixed widths: a table that grows while it is read cannot wait for its longest cell. What exceeds the line is cut. */
const tableLine = (cells: TableCells, width: number): string => {
  const line = cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  const cut = line.length > width ? `${line.slice(0, width - 1)}…` : line;
  // Nothing from an event may drive the terminal.
  return `${cut.replaceAll(/\p{Cc}/gu, '?').trimEnd()}\n`;
};
