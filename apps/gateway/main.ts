import { readConfiguration } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import { GatewayModule } from './gateway.module.js';
import { openGatewayParts } from './gateway.parts.js';

/** Runs the gateway: the only app that calls Stripe. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const parts = await openGatewayParts(readConfiguration(environment));
  try {
    const app = await NestFactory.createApplicationContext(GatewayModule.with(parts), {
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
