import { startBackgroundApp } from '#platform/background-app';
import { readConfiguration } from '#platform/configuration';

import { GatewayModule } from './gateway.module.js';
import { openGatewayParts } from './gateway.parts.js';

/** Runs the gateway: the only app that calls Stripe. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = await openGatewayParts(configuration);
  return startBackgroundApp(configuration, parts, GatewayModule.with(parts));
};
