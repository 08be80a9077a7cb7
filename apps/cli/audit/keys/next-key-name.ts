import type { AuditKeys } from '#domain/audit-key';
import { signingKeysOf } from '#domain/audit-key';
import type { KeyManagementSettings } from '#platform/configuration';

import { UsageError } from '../../usage.js';

/**
 * The name of the key that is to sign next: the one `asked` for, else `audit-1`, `audit-2`, ... of a local keyring, which has a key of every name; else the one of
 * KMS_SIGNING_KEY_ID that the log has not had. Throws UsageError where a rotation is under way, and where there is not one such name.
 */
export const nextKeyName = (state: AuditKeys, kms: KeyManagementSettings, asked?: string): string => {
  const [newest, older] = signingKeysOf(state);
  if (newest && older)
    throw new UsageError(
      `a rotation is under way: ${newest.keyName} signs beside ${older.keyName}; end it with billing audit keys retire ${older.keyName}`,
    );
  if (asked !== undefined) return asked;
  const had = new Set(state.keys.map(({ keyName }) => keyName));
  if (kms.provider === 'local') return nextOf(had);
  const unused = [...kms.signingKeyIds.keys()].filter((name) => !had.has(name));
  const [only] = unused;
  if (only === undefined)
    throw new UsageError(
      'KMS_SIGNING_KEY_ID names no key that the log has not had: make one in KMS (ECC_NIST_EDWARDS25519, or ECC_NIST_P256), and add NAME=KEY-ID beside those that are there',
    );
  if (unused.length > 1)
    throw new UsageError(`KMS_SIGNING_KEY_ID names several new keys (${unused.join(', ')}): choose one with --key`);
  return only;
};

const nextOf = (had: ReadonlySet<string>): string => {
  let n = 1;
  while (had.has(`audit-${n}`)) n += 1;
  return `audit-${n}`;
};
