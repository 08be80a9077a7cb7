import canonicalize from 'canonicalize';

import type { AuditedEvent } from './audited-event.js';

/** The version that is written. A later one has another `v`, and commitments of the old ones stay as they are. */
const version = 1;

/** Text that stands in JSON as it is: printable ASCII without quote and backslash, as ids and times are. */
const plain = /^[ !#-[\]-~]*$/;

const quote = (text: string): string => {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new RangeError('a lone surrogate has no UTF-8');
  return JSON.stringify(text);
};

const whole = (value: number): string => {
  if (!Number.isSafeInteger(value)) throw new RangeError('an event has whole numbers up to 2^53 - 1');
  return String(value);
};

/**
 * The bytes of an event that its leaf commits to, a storage format: RFC 8785 (JCS) of `{v, shard, position, tenantId, streamId, version,
 * eventId, type, schemaVersion, correlationId, causationId, data, metadata, recordedAt}` with `v` 1. `data` is a string that holds the stored
 * text byte for byte, `metadata` an object, `recordedAt` RFC 3339 in UTC with six digits of a second. The members are joined by hand in the
 * order of the RFC: it is done for every leaf. Throws RangeError for text that has no UTF-8 and for numbers that are not whole.
 */
export const eventBytes = (event: AuditedEvent): Buffer => {
  const metadata = canonicalize(event.metadata);
  if (metadata === undefined) throw new RangeError('metadata is JSON');
  return Buffer.from(
    `{"causationId":${quote(event.causationId)},"correlationId":${quote(event.correlationId)},"data":${quote(event.data)}` +
      `,"eventId":${quote(event.eventId)},"metadata":${metadata},"position":${whole(event.position)}` +
      `,"recordedAt":${quote(event.recordedAt)},"schemaVersion":${whole(event.schemaVersion)},"shard":${whole(event.shard)}` +
      `,"streamId":${quote(event.streamId)},"tenantId":${quote(event.tenantId)},"type":${quote(event.type)}` +
      `,"v":${version},"version":${whole(event.version)}}`,
  );
};
