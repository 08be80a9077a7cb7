import type { PlatformKeys, PostgresProcessorSecrets, SecretName, StoredSecret } from '#keys';
import { apiKeyForm } from '#keys';
import { ConfigurationError } from '#platform/configuration';
import type { Logger } from '#platform/logging';

import { openKey } from './open-key.js';
import { accountAmong, isValidAt } from './versions.js';

export interface EnvironmentKeyParts {
  name: SecretName;
  store: PostgresProcessorSecrets;
  keys: PlatformKeys;
  logger: Logger;
  /** Whose a key is; undefined where that cannot be told just now. */
  accountOf: (apiKey: string) => Promise<string | undefined>;
}

/**
 * Stores the key that the environment names where it has not been stored before, as the newest from now on; one that was, and was followed
 * by another, stays what it is while that one is valid, and one that was revoked is never stored again. Production names none there, see
 * readConfiguration. Throws ConfigurationError for what is no key, and for one of another account than those before.
 */
export const storeEnvironmentKey = async (apiKey: string, parts: EnvironmentKeyParts): Promise<void> => {
  const { name, store, keys, logger } = parts;
  const form = apiKeyForm(apiKey);
  if (!form) throw new ConfigurationError('STRIPE_API_KEY must be a key of Stripe: letters, digits and _ alone');
  if (await store.addFirst(name, await keys.sealApiKey({ ...name, version: 1 }, apiKey), form)) return;
  const now = new Date();
  const stored = await store.versions(name);
  const known = accountAmong(stored);
  const newest = stored.find(
    (each) => isValidAt(each, now) && (each.processorAccount === null || each.processorAccount === known),
  );
  const same = await versionOf(apiKey, stored, parts);
  if (same && same.revokedAt !== null) {
    logger.warn(
      { version: same.version },
      'STRIPE_API_KEY names a key that was revoked, and is not used: billing secrets set --kind api stores another one',
    );
  } else if (!newest || !same) {
    await assertSameAccount(apiKey, known, parts);
    const seal = (version: number) => keys.sealApiKey({ ...name, version }, apiKey);
    await store.rotate(name, seal, { now, overlapUntil: now, form });
    logger.info({ variable: 'STRIPE_API_KEY' }, 'the key was stored, and is the newest');
  } else if (same.version !== newest.version) {
    logger.warn({ variable: 'STRIPE_API_KEY' }, 'a newer key is stored, and counts: billing secrets list shows them');
  }
};

/** The newest version that is this very key. */
const versionOf = async (
  apiKey: string,
  stored: readonly StoredSecret[],
  { name, keys }: EnvironmentKeyParts,
): Promise<StoredSecret | undefined> => {
  for (const each of stored) {
    const opened = await openKey(keys, each, name.environment);
    if ('apiKey' in opened && opened.apiKey === apiKey) return each;
  }
  return undefined;
};

/** What is in the database is of one account, and nothing of it is known to another. */
const assertSameAccount = async (
  apiKey: string,
  known: string | undefined,
  { accountOf }: EnvironmentKeyParts,
): Promise<void> => {
  const account = known && (await accountOf(apiKey));
  if (account === undefined || account === '' || account === known) return;
  throw new ConfigurationError(
    `STRIPE_API_KEY is of another account of Stripe, ${account}, than this database, which is of ${known ?? 'none'}: use a key of that account, or start with a new database (BILLING_DATA_DIR, or DATABASE_URL)`,
  );
};
