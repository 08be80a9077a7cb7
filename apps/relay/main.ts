import { readConfiguration } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import { RelayModule } from './relay.module.js';
import { openRelayParts } from './relay.parts.js';

/** Runs the relay: event table to Kafka. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const parts = openRelayParts(readConfiguration(environment));
  try {
    const app = await NestFactory.createApplicationContext(RelayModule.with(parts), {
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
