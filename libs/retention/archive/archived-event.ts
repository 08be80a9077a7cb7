import type { AuditedEvent } from '#audit-log';
import canonicalize from 'canonicalize';

/**
 * An event as the archive has it: every column of its row, and what opens its leaf of the audit log. With the checkpoint in the manifest this is
 * enough to verify it when neither the database nor the keys are left. Personal data in `data` stays sealed, as it was stored.
 */
export interface ArchivedEvent extends AuditedEvent {
  /** 0-based. */
  leafIndex: number;
  /** 32 bytes. They hide the event from those who see the leaf alone; whoever has this row has the event anyway. */
  salt: Uint8Array;
}

/** Whether two are the same event, to the last column and byte. Pure. */
export const isSameEvent = (one: ArchivedEvent, other: ArchivedEvent): boolean =>
  plainColumns.every((column) => one[column] === other[column]) &&
  isSameJson(one.metadata, other.metadata) &&
  Buffer.from(one.salt).equals(other.salt);

const plainColumns = [
  ...(['shard', 'position', 'tenantId', 'streamId', 'version', 'eventId', 'type', 'schemaVersion'] as const),
  ...(['correlationId', 'causationId', 'data', 'recordedAt', 'leafIndex'] as const),
];

/** What has to be compared in another way. Compiles only while every column is in one of the two. */
type Otherwise = 'metadata' | 'salt';
({}) satisfies Record<Exclude<keyof ArchivedEvent, (typeof plainColumns)[number] | Otherwise>, never>;

const isSameJson = (one: unknown, other: unknown): boolean => canonicalize(one) === canonicalize(other);
