/** Where the history of a log's keys stands: as events in the log itself, and as receipts beside its tiles. */
import { sha256 } from '../merkle/index.js';

/** Whose events they are: no customer's, but of the deployment. */
export const platformTenant = '00000000-0000-4000-8000-000000000000';

/**
 * The stream of the events that tell which keys sign the log of this origin: `audit_key-` and a UUID of version 8 (RFC 9562) made of
 * SHA-256("billing audit keys\n" || origin), so that whoever knows the origin knows the stream. A storage format.
 */
export const keyHistoryStream = (origin: string): string => {
  const bytes = Buffer.from(sha256(Buffer.from(`billing audit keys\n${origin}`))).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `audit_key-${parts.join('-')}`;
};

export const keyReceiptPrefix = 'keys/';

/** Events of a key history at most. */
export const maxKeyEvents = 999;

/** The path of the receipt of the `n`th event of the history, from 1. Throws RangeError. */
export const keyReceiptPath = (n: number): string => {
  if (!Number.isInteger(n) || n < 1 || n > maxKeyEvents)
    throw new RangeError(`a key history has 1 to ${maxKeyEvents} events`);
  return `${keyReceiptPrefix}${String(n).padStart(3, '0')}`;
};
