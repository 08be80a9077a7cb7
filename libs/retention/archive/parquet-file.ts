import type { AuditedRow } from '#audit-log';
import { auditedFrom } from '#audit-log';
import canonicalize from 'canonicalize';
import type { SchemaElement } from 'hyparquet';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

import type { ArchivedEvent } from './archived-event.js';

type Cell = string | number | bigint | Uint8Array;

interface Column {
  element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  cellOf: (event: ArchivedEvent) => Cell;
}

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
const uuid = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } } as const;
const int32 = { type: 'INT32' } as const;
const int64 = { type: 'INT64' } as const;

/**
 * The columns of a file: those of the table `event`, by its names and with its types, then what opens the leaf. None may be null. A storage format:
 * add at the end, never rename.
 */
const columns: Record<string, Column> = {
  shard: { element: int32, cellOf: ({ shard }) => shard },
  position: { element: int64, cellOf: ({ position }) => BigInt(position) },
  tenant_id: { element: uuid, cellOf: ({ tenantId }) => tenantId },
  stream_id: { element: text, cellOf: ({ streamId }) => streamId },
  version: { element: int32, cellOf: ({ version }) => version },
  event_id: { element: uuid, cellOf: ({ eventId }) => eventId },
  type: { element: text, cellOf: ({ type }) => type },
  schema_version: { element: int32, cellOf: ({ schemaVersion }) => schemaVersion },
  correlation_id: { element: uuid, cellOf: ({ correlationId }) => correlationId },
  causation_id: { element: uuid, cellOf: ({ causationId }) => causationId },
  // Text and no JSON: its bytes are what was hashed.
  data: { element: text, cellOf: ({ data }) => data },
  /** RFC 8785. */
  metadata: { element: text, cellOf: ({ metadata }) => canonicalize(metadata) ?? 'null' },
  recorded_at: {
    element: { ...int64, logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } },
    cellOf: ({ recordedAt }) => microsOf(recordedAt),
  },
  leaf_index: { element: int64, cellOf: ({ leafIndex }) => BigInt(leafIndex) },
  salt: { element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 32 }, cellOf: ({ salt }) => salt },
};

const names = Object.keys(columns);
const schema: SchemaElement[] = [
  { name: 'event', num_children: names.length },
  ...Object.entries(columns).map(([name, { element }]) => ({ name, ...element, repetition_type: 'REQUIRED' as const })),
];

/** Events of one Parquet file, in the order in which they are added: the same events make the same bytes. Holds the file in memory. */
export class ParquetFile {
  readonly #bytes = new ByteWriter();
  readonly #writer = new ParquetWriter({
    writer: this.#bytes,
    schema,
    createdBy: 'billing-service retention archive v1',
  });
  #events = 0;

  get events(): number {
    return this.#events;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#bytes.offset;
  }

  /** Adds events as a row group of their own. */
  async add(events: readonly ArchivedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const columnData = Object.entries(columns).map(([name, { cellOf }]) => ({ name, data: events.map(cellOf) }));
    await this.#writer.write({ columnData, rowGroupSize: events.length });
    this.#events += events.length;
  }

  /** The whole file; nothing can be added after that. */
  async finish(): Promise<Uint8Array> {
    await this.#writer.finish();
    return this.#bytes.getBytes();
  }
}

/** The columns of a row as this reader gives them. */
type Row = Omit<AuditedRow, 'position' | 'metadata' | 'recorded_at'> & {
  position: bigint;
  metadata: string;
  recorded_at: bigint;
  leaf_index: bigint;
  salt: Uint8Array;
};

/** The events of a file, one row group at a time. Throws where it is no file of ours. */
export async function* eventsIn(bytes: Uint8Array): AsyncGenerator<ArchivedEvent[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const found = metadata.schema.slice(1).map(({ name }) => name);
  if (found.join() !== names.join()) throw new Error(`the file has the columns ${found.join(', ')}, and not ours`);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const parsers = { timestampFromMicroseconds: (micros: bigint) => micros };
    const rows = (await parquetReadObjects({ file, metadata, rowStart, rowEnd, parsers })) as unknown as Row[];
    yield rows.map(eventOf);
    rowStart = rowEnd;
  }
}

const eventOf = (row: Row): ArchivedEvent => ({
  ...auditedFrom({
    ...row,
    position: String(row.position),
    metadata: JSON.parse(row.metadata),
    recorded_at: instantOf(row.recorded_at),
  }),
  leafIndex: Number(row.leaf_index),
  salt: row.salt,
});

const perSecond = 1_000_000n;

/** Microseconds since 1970 of `2026-11-21T03:28:00.123456Z`. */
const microsOf = (instant: string): bigint =>
  BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1_000n + BigInt(instant.slice(20, 26));

const instantOf = (micros: bigint): string => {
  const part = ((micros % perSecond) + perSecond) % perSecond;
  const seconds = new Date(Number((micros - part) / 1_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(part).padStart(6, '0')}Z`;
};
