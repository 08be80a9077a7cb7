import { startBackgroundApp } from '#platform/background-app';
import { readConfiguration } from '#platform/configuration';

import { RelayModule } from './relay.module.js';
import { openRelayParts } from './relay.parts.js';

/** Runs the relay: event table to Kafka. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = openRelayParts(configuration);
  return startBackgroundApp(configuration, parts, RelayModule.with(parts));
};
