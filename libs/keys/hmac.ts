import { createHmac } from 'node:crypto';

/** HMAC with SHA-256 (RFC 2104) of the parts, one behind the other: 32 bytes. Whoever puts several in says where one ends. */
export const hmacSha256 = (key: Buffer, ...parts: (string | Buffer)[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};
