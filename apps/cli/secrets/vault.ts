import type { Environment } from '#keys';
import {
  PlatformKeys,
  PostgresKeyCandidates,
  PostgresPlatformKeyStore,
  PostgresProcessorSecrets,
  SecretRefused,
  openKeyManagement,
} from '#keys';

import { operatorConfiguration } from '../operator/configuration.js';
import { openOperator } from '../operator/index.js';
import { UsageError } from '../usage.js';

/** Where secrets are stored, and what seals them. */
export interface Vault {
  environment: Environment;
  secrets: PostgresProcessorSecrets;
  candidates: PostgresKeyCandidates;
  /** Opens the key management, which only sealing needs. */
  openKeys(): Promise<PlatformKeys>;
}

/**
 * Works on the secrets of the environment that the settings name (BILLING_ENV, development by default), as the owner of the tables.
 * What was asked for wrongly is told as such. Throws ConfigurationError for a wrong setting.
 */
export const withVault = async (given: NodeJS.ProcessEnv, work: (vault: Vault) => Promise<void>): Promise<void> => {
  const { environment, kms: settings } = operatorConfiguration(given);
  const pool = openOperator(given, 'billing_owner', { max: 2 });
  try {
    await work({
      environment,
      secrets: new PostgresProcessorSecrets(pool),
      candidates: new PostgresKeyCandidates(pool),
      openKeys: async () => {
        const kms = await openKeyManagement(settings, environment);
        return new PlatformKeys({ app: 'operator', environment, kms, store: new PostgresPlatformKeyStore(pool) });
      },
    });
  } catch (error) {
    if (error instanceof SecretRefused) throw new UsageError(error.message);
    throw error;
  } finally {
    await pool.end();
  }
};
