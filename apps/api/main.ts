import { readConfiguration } from '#platform/configuration';
import { nestLogger } from '#platform/logging';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import 'reflect-metadata';

import { ApiModule } from './api.module.js';
import type { ApiParts } from './api.parts.js';
import { openApiParts } from './api.parts.js';
import { ProblemFilter } from './http/problem.filter.js';
import { fastifyAdapter, prepare } from './http/server.js';
import { openApiDocument } from './openapi/document.js';

/** Serves the HTTP api. `url` is where it listens: loopback only, because it speaks plain HTTP. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ url: string; close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = await openApiParts(configuration);
  try {
    const app = await createApi(parts);
    await app.listen(configuration.port, '127.0.0.1');
    return { url: await app.getUrl(), close: () => closeAll(app, parts) };
  } catch (error) {
    await parts.close();
    throw error;
  }
};

const createApi = async (parts: ApiParts): Promise<NestFastifyApplication> => {
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(parts), fastifyAdapter(), {
    logger: nestLogger(parts.logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.get(ProblemFilter).routes = prepare(app);
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'billing-service',
  });
  return app;
};

/** Requests that are being answered are answered first. */
const closeAll = async (app: NestFastifyApplication, parts: ApiParts): Promise<void> => {
  await app.close();
  await parts.close();
};
