import { UnwrapRefused } from '../errors.js';
import type { EncryptionContext, KeyManagement } from '../key-management.js';

/**
 * Raised where a key is not followed by a newer version because the key management does not open it: under another one nobody who seals
 * could use the newer version. Nothing was added.
 */
export class NewestRefused extends Error {
  readonly code = 'newest_refused';
  constructor(options?: ErrorOptions) {
    super(
      'the newest version of a key does not open under this key management and environment; none was added',
      options,
    );
  }
}

/** Rejects with NewestRefused unless `wrapped` opens under `context`. */
export const assertNewestOpens = async (
  kms: KeyManagement,
  wrapped: Buffer,
  context: EncryptionContext,
): Promise<void> => {
  try {
    await kms.proveOpens(wrapped, context);
  } catch (error) {
    if (error instanceof UnwrapRefused) throw new NewestRefused({ cause: error });
    throw error;
  }
};
