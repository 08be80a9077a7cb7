import { allActions } from '#access';
import { Controller, Get, Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import 'reflect-metadata';

import type { Doorkeepers } from './access.guard.js';
import { AccessGuard } from './access.guard.js';
import { OpenRoutes } from './open-routes.js';
import { fastifyAdapter, prepare } from './server.js';

@Controller('v1')
class ForgottenController {
  @Get('forgotten/:id')
  one(): string {
    return 'text';
  }
}

@Controller('inherited')
class InheritingController extends ForgottenController {}

const inTable = allActions.flatMap(({ name, route }) => (route === undefined ? [] : [[name, route] as const]));

/** Boots an application with these controllers, and with the routes of the table but for those of `without`. */
const boot = async (controllers: Type[], { without = [] as string[], more = [] as string[] } = {}): Promise<void> => {
  @Module({
    controllers,
    providers: [OpenRoutes, { provide: AccessGuard, useValue: new AccessGuard({} as Doorkeepers) }],
  })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App, fastifyAdapter(), {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  prepare(app);
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = inTable.filter(([name]) => !without.includes(name)).map(([, route]) => route as string);
  for (const route of [...routes, ...more]) {
    const [method = '', url = ''] = route.split(' ');
    fastify.route({ method, url, handler: () => 'text' });
  }
  try {
    await app.init();
  } finally {
    await app.close();
  }
};

describe('the boot', () => {
  it('goes on when the table has every route, and every row its route; the issuer of development may be missing', async () => {
    await boot([], { more: ['GET /docs', 'GET /docs/swagger-ui.css', 'GET /openapi.json'] });
    await boot([], { without: ['development-issuer.keys'] });
  });

  it('stops at a route without a row, and names it', async () => {
    await expect(boot([ForgottenController])).rejects.toThrow(
      /^GET \/v1\/forgotten\/:id, .*: a route without a row in libs\/access\/actions.ts$/,
    );
  });

  it('stops at one that is inherited, and at one that no controller has', async () => {
    await expect(boot([InheritingController])).rejects.toThrow('GET /inherited/forgotten/:id');
    await expect(boot([], { more: ['DELETE /v1/payments/:id'] })).rejects.toThrow('DELETE /v1/payments/:id');
    await expect(boot([], { more: ['GET /docs-of-others'] })).rejects.toThrow('GET /docs-of-others');
  });

  it('stops at a row whose route is not there, and names it', async () => {
    await expect(boot([], { without: ['payments.cancel'] })).rejects.toThrow(
      'payments.cancel: a row in libs/access/actions.ts whose route is not there',
    );
  });
});
