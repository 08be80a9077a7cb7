import type { PlatformKeys, StoredSecret } from '#keys';
import { KeyMissing, SealBroken, UnwrapRefused } from '#keys';

/** What is wrong with the row, or with the key that it names; all else is about the moment. */
const ofTheRow = [SealBroken, KeyMissing, UnwrapRefused];

/** A stored secret in clear; undefined for one that does not open, however often it is tried. */
export const openSecret = async (
  keys: Pick<PlatformKeys, 'openWebhookSecret'>,
  stored: StoredSecret,
): Promise<string | undefined> => {
  try {
    return await keys.openWebhookSecret(stored, stored.ciphertext);
  } catch (error) {
    if (ofTheRow.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
};
