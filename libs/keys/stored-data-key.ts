import type { KeyMaterial } from './key-cache.js';
import type { EncryptionContext, KeyManagement } from './key-management.js';

/** A stored key: `wrapped` opens only by the KMS or by the key above it. */
export interface WrappedKey {
  version: number;
  wrapped: Buffer;
}

/** `latest` seals; `first` never changes, for values that are compared; a number is what a sealed text names. */
export type KeyVersion = number | 'latest' | 'first';

/** Where the versions of one data key lie. */
export interface DataKeyRows {
  /** Every version, oldest first; empty where there is none. */
  read(): Promise<WrappedKey[]>;
  /** Stores version 1 unless it exists already, in which case nothing changes. */
  insertFirst(wrapped: Buffer): Promise<void>;
}

/**
 * The data key of `version`, unwrapped by the KMS. `latest` and `first` create version 1 where there is none yet; undefined for
 * a number that is not stored.
 */
export const loadDataKey = async (
  kms: KeyManagement,
  context: EncryptionContext,
  rows: DataKeyRows,
  version: KeyVersion,
): Promise<KeyMaterial | undefined> => {
  let versions = await rows.read();
  if (versions.length === 0 && typeof version !== 'number') {
    await rows.insertFirst(await kms.generateDataKeyWithoutPlaintext(context));
    // Another process may have been first: what is stored counts, not what we made.
    versions = await rows.read();
  }
  const chosen = pick(versions, version);
  return chosen && { version: chosen.version, bytes: await kms.decrypt(chosen.wrapped, context) };
};

/** The stored key that `version` means, out of `versions` ordered oldest first. */
export const pick = (versions: readonly WrappedKey[], version: KeyVersion): WrappedKey | undefined => {
  if (version === 'latest') return versions.at(-1);
  if (version === 'first') return versions[0];
  return versions.find((key) => key.version === version);
};
