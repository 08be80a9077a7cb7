import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import type { Configuration } from '../configuration/index.js';
import type { Logger } from '../logging/index.js';
import { nestLogger } from '../logging/index.js';
import type { Registry } from '../metrics/index.js';
import type { Warnings } from '../warnings/index.js';
import { serveMetrics } from './serve-metrics.js';

/** What an app that serves no requests holds open while it runs. */
export interface BackgroundParts {
  logger: Logger;
  metrics: Registry;
  /** What a person should look at although the work goes on. */
  warnings?: Warnings;
  /** Rejects while the app cannot do its work. */
  isReady?: () => Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Runs an app that serves no requests: its Nest module, and its metrics where METRICS_PORT names a port. Closes `parts` with it, and also
 * when it cannot be started. Throws ConfigurationError when the port is taken.
 */
export const startBackgroundApp = async (
  { metricsPort }: Pick<Configuration, 'metricsPort'>,
  parts: BackgroundParts,
  module: DynamicModule,
): Promise<{ close(): Promise<void> }> => {
  try {
    const metrics = metricsPort === undefined ? undefined : await serveMetrics(parts, metricsPort);
    const app = await NestFactory.createApplicationContext(module, {
      logger: nestLogger(parts.logger),
      abortOnError: false,
    }).catch(async (error: unknown) => {
      await metrics?.close();
      throw error;
    });
    return {
      close: async () => {
        await app.close();
        await metrics?.close();
        await parts.close();
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
};
