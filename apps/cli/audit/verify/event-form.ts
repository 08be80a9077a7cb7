/** What the bytes of an event say: version 1 of the form that docs/audit.md describes. Read with none of the code that writes it. */
import type { AuditedEvent } from '#audit-log';
import canonicalize from 'canonicalize';

/** An event as its bytes tell it. */
export interface SealedEvent extends AuditedEvent {
  v: 1;
}

const strings = ['tenantId', 'streamId', 'eventId', 'type', 'correlationId', 'causationId', 'data', 'recordedAt'];
const numbers = ['v', 'shard', 'position', 'version', 'schemaVersion'];
const members = [...strings, ...numbers, 'metadata'].sort().join();

/** The event, or what is wrong with its bytes. */
export const readEvent = (bytes: Uint8Array): SealedEvent | string => {
  let event: Record<string, unknown>;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    event = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return 'is not JSON';
  }
  if (typeof event !== 'object' || event === null) return 'is no JSON object';
  if (event.v !== 1)
    return `has the form ${JSON.stringify(event.v)}, which this verifier does not know: use a newer one`;
  if (Object.keys(event).sort().join() !== members) return 'has not the members of an event';
  const isTyped =
    strings.every((name) => typeof event[name] === 'string') &&
    numbers.every((name) => Number.isSafeInteger(event[name]));
  if (!isTyped) return 'has a member of another type';
  if (canonicalize(event) !== text) return 'is not in its canonical form (RFC 8785)';
  return event as unknown as SealedEvent;
};

/** What is wrong with an event at this place; undefined for nothing. */
export const misfit = (bytes: Uint8Array, place: { shard: number; position: number }): string | undefined => {
  const event = readEvent(bytes);
  if (typeof event === 'string') return event;
  if (event.shard === place.shard && event.position === place.position) return undefined;
  return `says that it stands at position ${String(event.position)} of shard ${String(event.shard)}`;
};
