import type { EventRow } from '#event-store';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';

/**
 * The records of `billing.events.v1`: one event each, in the binary mode of the CloudEvents 1.0 Kafka binding. The partition is
 * the shard, the key is the stream, the value is the event's data as it was stored, byte for byte, and everything else of the row is
 * in the headers. Their names are a storage format: add, never rename.
 */
const source = '/billing-service';
const removedType = 'removed';

/** Raised for a record that the relay did not write so. The message names the header, the partition and the offset. */
export class MalformedRecord extends Error {
  constructor(what: string, partition: number, offset: string) {
    super(`the record at offset ${offset} of partition ${partition} has ${what}`);
    this.name = 'MalformedRecord';
  }
}

/** The record of an event, as the relay that holds its shard in `epoch` sends it. `rowOf` is the inverse. */
export const recordOf = (row: EventRow, epoch: number): Message => {
  const { actor, traceparent } = row.metadata;
  const time = timeOf(row.recorded_at);
  const headers: IHeaders = {
    ce_specversion: '1.0',
    ce_id: row.event_id,
    ce_source: source,
    ce_type: row.type,
    ce_subject: row.stream_id,
    ce_time: time,
    'content-type': 'application/json',
    ce_schemaversion: String(row.schema_version),
    ce_tenantid: row.tenant_id,
    ce_shard: String(row.shard),
    ce_position: row.position,
    ce_epoch: String(epoch),
    ce_streamversion: String(row.version),
    ce_correlationid: row.correlation_id,
    ce_causationid: row.causation_id,
    ce_actortype: actor.type,
    ce_actorsubject: actor.subject,
  };
  if (traceparent !== undefined) headers.traceparent = traceparent;
  return {
    partition: row.shard,
    key: row.stream_id,
    value: row.data,
    timestamp: String(Date.parse(time)),
    headers,
  };
};

/** Names no event. */
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * The record of a position whose event was removed after its retention, before Kafka had it: so that every position is one record at least. It has
 * neither key nor value, and no reader takes its word for the removal.
 */
export const removedRecordOf = (shard: number, position: number, epoch: number): Message => ({
  partition: shard,
  key: null,
  value: null,
  headers: {
    ce_specversion: '1.0',
    ce_id: nobody,
    ce_source: source,
    ce_type: removedType,
    ce_shard: String(shard),
    ce_position: String(position),
    ce_epoch: String(epoch),
  },
});

/** The position that a record of `partition` says is empty; undefined for any other record. Throws MalformedRecord. */
export const removedIn = (message: KafkaMessage, partition: number): number | undefined => {
  if (message.value !== null || message.headers?.ce_type?.toString() !== removedType) return undefined;
  return placeOf(message, partition).position;
};

/** Where a record belongs in the log, and who sent it: what can be told without reading the rest. */
export interface RecordPlace {
  shard: number;
  /** 1-based place in the shard. */
  position: number;
  /** The relay's lease under which it was sent; grows with every change of owner. */
  epoch: number;
  eventId: string;
}

/** Reads where a record of `partition` belongs. Throws MalformedRecord. */
export const placeOf = (message: KafkaMessage, partition: number): RecordPlace => {
  const headers = new Headers(message, partition);
  return {
    shard: headers.shard(),
    position: headers.integer('ce_position', 1),
    epoch: headers.integer('ce_epoch', 0),
    eventId: headers.uuid('ce_id'),
  };
};

/** The row that a record of `partition` was made from, every column byte for byte. Throws MalformedRecord. */
export const rowOf = (message: KafkaMessage, partition: number): EventRow => {
  const headers = new Headers(message, partition);
  if (message.value === null) throw headers.malformed('no value');
  headers.require('ce_specversion', '1.0');
  const traceparent = headers.optional('traceparent');
  const actor = { type: headers.actorType(), subject: headers.text('ce_actorsubject') };
  return {
    shard: headers.shard(),
    position: String(headers.integer('ce_position', 1)),
    tenant_id: headers.uuid('ce_tenantid'),
    stream_id: headers.text('ce_subject'),
    version: headers.integer('ce_streamversion', 1),
    event_id: headers.uuid('ce_id'),
    type: headers.text('ce_type'),
    schema_version: headers.integer('ce_schemaversion', 1),
    correlation_id: headers.uuid('ce_correlationid'),
    causation_id: headers.uuid('ce_causationid'),
    data: message.value.toString(),
    metadata: traceparent === undefined ? { actor } : { actor, traceparent },
    recorded_at: headers.recordedAt(),
  };
};

type ActorType = EventRow['metadata']['actor']['type'];
const actorTypes: readonly ActorType[] = ['person', 'service', 'system'];
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const integerForm = /^(0|[1-9]\d{0,15})$/;

/** The headers of one record, read strictly. */
class Headers {
  readonly #headers: IHeaders;

  constructor(
    readonly message: KafkaMessage,
    readonly partition: number,
  ) {
    this.#headers = message.headers ?? {};
  }

  malformed(what: string): MalformedRecord {
    return new MalformedRecord(what, this.partition, this.message.offset);
  }

  optional(name: string): string | undefined {
    const value = this.#headers[name];
    if (value === undefined) return undefined;
    if (Array.isArray(value)) throw this.malformed(`more than one header ${name}`);
    return value.toString();
  }

  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw this.malformed(`no header ${name}`);
    return value;
  }

  require(name: string, wanted: string): void {
    if (this.text(name) !== wanted) throw this.malformed(`a header ${name} that is not ${wanted}`);
  }

  integer(name: string, least: number): number {
    const text = this.text(name);
    const value = integerForm.test(text) ? Number(text) : Number.NaN;
    if (!(Number.isSafeInteger(value) && value >= least)) throw this.malformed(`a malformed header ${name}`);
    return value;
  }

  uuid(name: string): string {
    const text = this.text(name);
    if (!uuidForm.test(text)) throw this.malformed(`a malformed header ${name}`);
    return text;
  }

  shard(): number {
    const shard = this.integer('ce_shard', 0);
    if (shard !== this.partition) throw this.malformed(`a header ce_shard that names another partition (${shard})`);
    return shard;
  }

  actorType(): ActorType {
    const text = this.text('ce_actortype');
    const type = actorTypes.find((each) => each === text);
    if (type === undefined) throw this.malformed('a malformed header ce_actortype');
    return type;
  }

  recordedAt(): string {
    const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:\d\d)$/.exec(this.text('ce_time'));
    if (!time) throw this.malformed('a malformed header ce_time');
    const [, day, clock, zone = ''] = time;
    return `${day} ${clock}${zone === 'Z' ? '+00' : zone.replace(':00', '')}`;
  }
}

/**
 * A time as Postgres writes it (`2026-11-21 03:28:00.123456+00`, the fraction without trailing zeros or not there) in the form of
 * RFC 3339, with all its digits.
 */
const timeOf = (text: string): string => {
  const at = `${text.slice(0, 10)}T${text.slice(11)}`;
  if (at.endsWith('+00')) return `${at.slice(0, -3)}Z`;
  return /[+-]\d\d$/.test(at) ? `${at}:00` : at;
};

/** Compiles only while every part of the metadata has a header of its own above. */
type CarriedMetadata = 'actor' | 'traceparent';
type Uncarried = Exclude<keyof EventRow['metadata'], CarriedMetadata>;
({}) satisfies Record<Uncarried, never>;
