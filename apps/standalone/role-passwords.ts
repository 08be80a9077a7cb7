import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The passwords of the database's login roles: HMAC-SHA256 of the role's name, in hex, under a secret of 32 random bytes
 * that is kept in the data directory (`role-secret`, 0600) and made there when missing.
 */
export const rolePasswords = (dataDirectory: string): ((role: string) => string) => {
  const file = join(dataDirectory, 'role-secret');
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(32).toString('hex'), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  chmodSync(file, 0o600);
  const secret = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  return (role) => createHmac('sha256', secret).update(role).digest('hex');
};
