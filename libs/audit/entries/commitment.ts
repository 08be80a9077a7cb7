/** How an event is bound to its leaf without the leaf telling anything of it. */
import { createHmac } from 'node:crypto';
import { hashBytes, sha256Of } from '../merkle/index.js';

/** Bytes of a salt, and the fewest that a tenant's audit key may have. */
const saltBytes = hashBytes;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * HMAC-SHA256(tenant's audit key, event id): 32 bytes that only the owner of the key can tell, and tell for one event without telling
 * for another. The event id is its 36 characters in lower case. A KMS that holds the key computes the same. Throws RangeError.
 */
export const saltOf = (tenantAuditKey: Uint8Array, eventId: string): Uint8Array => {
  if (tenantAuditKey.length < saltBytes) throw new RangeError('an audit key has at least 32 bytes');
  if (!uuid.test(eventId)) throw new RangeError('an event id is a UUID in lower case');
  return createHmac('sha256', tenantAuditKey).update(eventId).digest();
};

/** SHA-256(salt || event bytes). The salt has 32 bytes, always: so no other salt and event can be written the same. Throws RangeError. */
export const commitmentTo = (salt: Uint8Array, event: Uint8Array): Uint8Array => {
  if (salt.length !== saltBytes) throw new RangeError('a salt has 32 bytes');
  return sha256Of(salt, event);
};
