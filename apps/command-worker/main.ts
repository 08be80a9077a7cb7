import { startBackgroundApp } from '#platform/background-app';
import { readConfiguration } from '#platform/configuration';

import { CommandWorkerModule } from './command-worker.module.js';
import { openCommandWorkerParts } from './command-worker.parts.js';

/** Runs the command worker: signed commands from Kafka to the command handlers. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = await openCommandWorkerParts(configuration);
  return startBackgroundApp(configuration, parts, CommandWorkerModule.with(parts));
};
