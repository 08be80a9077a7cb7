import { deniedConnections } from '#command-handling/access-record';
import { readCheckoutSettings, readConfiguration, readInboundSettings } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import type { Served } from '#platform/tls';
import { Listeners } from '#platform/tls';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import 'reflect-metadata';

import { ApiModule } from './api.module.js';
import type { ApiParts } from './api.parts.js';
import { openApiParts } from './api.parts.js';
import { CheckoutSite } from './checkout/site.js';
import { ProblemFilter } from './http/problem.filter.js';
import { fastifyAdapter, prepare } from './http/server.js';
import { openApiDocument } from './openapi/document.js';

/**
 * Serves the HTTP api on PORT and, where it is set, for services on SERVICE_PORT. Plain HTTP is for loopback alone. Throws
 * ConfigurationError for a wrong setting.
 */
export const start = async (environment: NodeJS.ProcessEnv): Promise<Served & { close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const inbound = readInboundSettings(environment, 'api');
  const parts = await openApiParts(configuration, readCheckoutSettings(environment));
  try {
    const listeners = new Listeners(inbound, {
      ...parts,
      name: 'people',
      denied: deniedConnections(parts.audit, 'http'),
    });
    const app = await createApi(parts, listeners);
    const served = await listeners.serve(app, configuration.port).catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
    app.get(CheckoutSite).listensAt = served.url;
    return { ...served, close: () => closeAll(app, listeners, parts) };
  } catch (error) {
    await parts.close();
    throw error;
  }
};

const createApi = async (parts: ApiParts, listeners: Listeners): Promise<NestFastifyApplication> => {
  const { tls } = listeners;
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(parts), fastifyAdapter({ tls }), {
    logger: nestLogger(parts.logger),
    bodyParser: false,
    abortOnError: false,
  });
  listeners.lookAtRequests(app);
  app.get(ProblemFilter).routes = prepare(app);
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'billing-service',
  });
  return app;
};

/** Requests that are being answered are answered first. */
const closeAll = async (app: NestFastifyApplication, listeners: Listeners, parts: ApiParts): Promise<void> => {
  await Promise.all([app.close(), listeners.close()]);
  await parts.close();
};
