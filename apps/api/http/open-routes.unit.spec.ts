import { Controller, Get, Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import 'reflect-metadata';

import { Public, Requires } from './access.guard.js';
import { OpenRoutes } from './open-routes.js';
import { fastifyAdapter } from './server.js';

@Controller('good')
class GoodController {
  @Get('open')
  @Public()
  open(): string {
    return this.#text();
  }

  @Get('closed')
  @Requires('billing:read')
  closed(): string {
    return this.#text();
  }

  /** No route. */
  helper(): string {
    return this.#text();
  }

  #text(): string {
    return 'text';
  }
}

@Controller('forgotten')
class ForgottenController {
  @Get()
  list(): string {
    return 'text';
  }
}

@Controller('inherited')
class InheritingController extends ForgottenController {}

const boot = async (controllers: Type[]): Promise<void> => {
  @Module({ imports: [DiscoveryModule], controllers, providers: [OpenRoutes] })
  class App {}
  const app = await NestFactory.create(App, fastifyAdapter(), { logger: false, abortOnError: false });
  try {
    await app.init();
  } finally {
    await app.close();
  }
};

describe('the boot', () => {
  it('goes on when every route says who may call it', async () => {
    await boot([GoodController]);
  });

  it('stops at a route that does not, and names it', async () => {
    await expect(boot([GoodController, ForgottenController])).rejects.toThrow(
      /ForgottenController\.list needs @Requires/,
    );
  });

  it('stops at one that is inherited', async () => {
    await expect(boot([InheritingController])).rejects.toThrow(/InheritingController\.list needs @Requires/);
  });
});
