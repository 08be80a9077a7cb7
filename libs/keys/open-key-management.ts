import { ConfigurationError } from '#platform/configuration';

import type { Environment, KeyManagement } from './key-management.js';
import { LocalKeyManagement } from './local-key-management.js';

/** Opens the KMS that the configuration names. Throws ConfigurationError for one that this release does not serve. */
export const openKeyManagement = (
  { provider, keyringPath }: { provider: 'local' | 'aws'; keyringPath: string },
  environment: Environment,
): Promise<KeyManagement> => {
  if (provider !== 'local') {
    throw new ConfigurationError('KMS_PROVIDER aws is not served by this release; use local outside production');
  }
  return LocalKeyManagement.open({ path: keyringPath, environment });
};
