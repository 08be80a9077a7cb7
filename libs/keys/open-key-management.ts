import type { KeyManagementSettings } from '#platform/configuration';
import type { KmsObservers } from './aws/index.js';
import type { Environment, KeyManagement } from './key-management.js';
import { LocalKeyManagement } from './local/index.js';

/**
 * Opens the key management that the configuration names; `observers` are told of calls to one that is elsewhere. Throws
 * ConfigurationError for what is missing, KeyringRefused where the local one may not or cannot be used.
 */
export const openKeyManagement = async (
  settings: KeyManagementSettings,
  environment: Environment,
  observers: KmsObservers = {},
): Promise<KeyManagement> => {
  if (settings.provider === 'local') {
    const { keyringPath: path, masterKey } = settings;
    return LocalKeyManagement.open({ path, environment, ...(masterKey && { masterKey }) });
  }
  // The SDK is large, and only production needs it.
  const { openAwsKeyManagement } = await import('./aws/index.js');
  return openAwsKeyManagement(settings, observers);
};
