import type { Opening } from '#audit';

import type { AuditedEvent } from './audited-event.js';
import { eventBytes } from './event-bytes.js';

/** What opens the leaf of an event. `salt`: 32 bytes, `saltOf` the tenant's audit key and the event's id. */
export const openingOf = (event: AuditedEvent, salt: Uint8Array): Opening => ({
  shard: event.shard,
  position: event.position,
  salt,
  event: eventBytes(event),
});
