import { readConfiguration } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import { CommandWorkerModule } from './command-worker.module.js';
import { openCommandWorkerParts } from './command-worker.parts.js';

/** Runs the command worker: signed commands from Kafka to the command handlers. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const parts = await openCommandWorkerParts(readConfiguration(environment));
  try {
    const app = await NestFactory.createApplicationContext(CommandWorkerModule.with(parts), {
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
