import { startBackgroundApp } from '#platform/background-app';
import { readConfiguration } from '#platform/configuration';

import { ProjectorModule } from './projector.module.js';
import { openProjectorParts } from './projector.parts.js';

/** Runs the projector: log to read models. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = openProjectorParts(configuration);
  return startBackgroundApp(configuration, parts, ProjectorModule.with(parts));
};
