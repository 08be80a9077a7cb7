import { readConfiguration } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import { ProjectorModule } from './projector.module.js';
import { openProjectorParts } from './projector.parts.js';

/** Runs the projector: log to read models. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const parts = openProjectorParts(readConfiguration(environment));
  try {
    const app = await NestFactory.createApplicationContext(ProjectorModule.with(parts), {
      logger: nestLogger(parts.logger),
      abortOnError: false,
    });
    return {
      close: async () => {
        await app.close();
        await parts.close();
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
};
