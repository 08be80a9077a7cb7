import { deniedConnections } from '#command-handling/access-record';
import type { InboundSettings } from '#platform/configuration';
import { readInboundSettings } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { Listeners } from '#platform/tls';
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
  /** Where and how it listens; plain on loopback unless said. */
  inbound?: InboundSettings;
  /** Within which a whole delivery must come. Default 10,000. */
  requestTimeoutMs?: number;
  /** Whether the second half runs too. Default true. */
  applies?: boolean;
}

/** Serves what `parts` hold, and closes them in the end, or where it cannot be served. */
export const serve = async (
  parts: WebhookIngestParts,
  { port, inbound = readInboundSettings({}, 'webhook-ingest'), requestTimeoutMs, applies = true }: ServeOptions,
): Promise<{ url: string; close(): Promise<void> }> => {
  try {
    const denied = deniedConnections(parts.audit, 'webhook');
    const listeners = new Listeners(inbound, { ...parts, name: 'webhooks', denied });
    const app = await NestFactory.create<NestFastifyApplication>(
      WebhookIngestModule.with(parts, { applies }),
      fastifyAdapter({
        tls: listeners.tls,
        requestTimeoutMs,
        onClientError: (code) => {
          parts.ingestMetrics.refused(code);
          parts.logger.warn({ code }, 'a request was refused');
        },
      }),
      { logger: nestLogger(parts.logger), bodyParser: false, abortOnError: false },
    );
    listeners.lookAtRequests(app);
    app.get(ProblemFilter).routes = prepare(app, parts.networks);
    const { url } = await listeners.serve(app, port, 'WEBHOOK_PORT').catch(async (error: unknown) => {
      await app.close(); // the second half of it runs already
      throw error;
    });
    return {
      url,
      // Deliveries that are being stored are answered first.
      close: async () => {
        await Promise.all([app.close(), listeners.close()]);
        await parts.close();
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
};
