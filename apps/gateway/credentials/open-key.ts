import type { Environment, PlatformKeys, StoredSecret } from '#keys';
import { KeyMissing, SealBroken, UnwrapRefused, apiKeyForm, mayBeUsedIn } from '#keys';

/** What is wrong with the row, or with the key that it names; all else is about the moment. */
const ofTheRow = [SealBroken, KeyMissing, UnwrapRefused];

/** A stored key in clear, or why it can never be used. */
export type OpenedKey = { apiKey: string } | { fault: 'closed' | 'wrong_mode' };

/**
 * Opens a stored key. `wrong_mode`: it is a test key in production or a live one elsewhere, whatever its row says. Rejects where the key
 * management cannot be used just now.
 */
export const openKey = async (
  keys: Pick<PlatformKeys, 'openApiKey'>,
  stored: StoredSecret,
  environment: Environment,
): Promise<OpenedKey> => {
  let apiKey: string;
  try {
    apiKey = await keys.openApiKey(stored, stored.ciphertext);
  } catch (error) {
    if (ofTheRow.some((kind) => error instanceof kind)) return { fault: 'closed' };
    throw error;
  }
  const form = apiKeyForm(apiKey);
  if (!form) return { fault: 'closed' };
  return mayBeUsedIn(environment, form) ? { apiKey } : { fault: 'wrong_mode' };
};
