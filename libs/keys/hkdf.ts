import { hkdfSync } from 'node:crypto';

/** HKDF with SHA-256 (RFC 5869): `length` bytes of key, at most 8,160, for the use that `info` names. Throws RangeError for more. */
export const hkdfSha256 = (secret: Buffer, salt: Buffer, info: string | Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));
