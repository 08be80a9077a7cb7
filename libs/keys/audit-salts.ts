import { createHmac, createSecretKey } from 'node:crypto';

/** The salt of an event's leaf, 32 bytes, by the id of the event: a UUID in lower case. Throws TypeError for another, and SaltsExpired. */
export type AuditSalts = (eventId: string) => Buffer;

/** Raised by salts that were kept for longer than the key under them may be. Ask for them again: once a batch, not once a process. */
export class SaltsExpired extends Error {
  readonly code = 'salts_expired';
  constructor() {
    super('these salts were kept for longer than a key may be; ask for them again');
  }
}

const eventIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Salts under `key`, for `ageMs`. The key is copied, out of the heap into an object of OpenSSL's, which zeroes it when it goes: the cache may
 * zero `key` itself at any moment, and a salt under zeros would be one that anybody can compute.
 */
export const auditSaltsWith = (key: Buffer, ageMs: number): AuditSalts => {
  const secret = createSecretKey(key);
  const until = performance.now() + ageMs;
  return (eventId) => {
    if (performance.now() > until) throw new SaltsExpired();
    if (!eventIdForm.test(eventId)) throw new TypeError('an event id is a UUID in lower case');
    return createHmac('sha256', secret).update(eventId).digest();
  };
};
