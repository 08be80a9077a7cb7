import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import 'reflect-metadata';

import { ProblemFilter } from './http/problem.filter.js';
import { fastifyAdapter, prepare } from './http/server.js';
import { WebhookIngestModule } from './webhook-ingest.module.js';
import type { WebhookIngestParts } from './webhook-ingest.parts.js';

export interface ServeOptions {
  /** 0 takes any free one. */
  port: number;
  /** Within which a whole delivery must come. Default 10,000. */
  requestTimeoutMs?: number;
  /** Whether the second half runs too. Default true. */
  applies?: boolean;
}

/** Serves what `parts` hold, on loopback, and closes them in the end, or where it cannot be served. */
export const serve = async (
  parts: WebhookIngestParts,
  { port, requestTimeoutMs, applies = true }: ServeOptions,
): Promise<{ url: string; close(): Promise<void> }> => {
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      WebhookIngestModule.with(parts, { applies }),
      fastifyAdapter({
        requestTimeoutMs,
        onClientError: (code) => {
          parts.ingestMetrics.refused(code);
          parts.logger.warn({ code }, 'a request was refused');
        },
      }),
      { logger: nestLogger(parts.logger), bodyParser: false, abortOnError: false },
    );
    app.get(ProblemFilter).routes = prepare(app);
    await app.listen(port, '127.0.0.1');
    return {
      url: await app.getUrl(),
      // Deliveries that are being stored are answered first.
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
