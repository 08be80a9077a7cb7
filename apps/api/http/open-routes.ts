import type { ActionName } from '#access';
import { actionOfRoute, allActions, assertCommandsHaveActions } from '#access';
import { commandTypes } from '#command-handling';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** The document and the page that shows it, which hold nothing of anybody's. */
const documents = /^\/(openapi\.json|docs(\/.*)?)$/;
/** Only there while no other issuer is configured. */
const developmentOnly: ActionName = 'development-issuer.keys';

/** The routes of the router as it takes them in, which are held against the table (`actions`) before anything is served. */
@Injectable()
export class OpenRoutes implements OnApplicationBootstrap {
  readonly #routes: { method: string; pattern: string }[] = [];

  /** Watches a router; comes before its first route. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url: pattern }) => {
      for (const each of [method].flat()) this.#routes.push({ method: each, pattern });
    });
  }

  onApplicationBootstrap(): void {
    this.assertInTable();
    assertCommandsHaveActions(Object.keys(commandTypes));
  }

  /** Throws, and so stops the boot, where a route has no row: nothing is open because somebody forgot. The other way round, too. */
  assertInTable(): void {
    const forgotten = this.#routes.filter(
      ({ method, pattern }) => !documents.test(pattern) && !actionOfRoute(method, pattern),
    );
    if (forgotten.length > 0)
      throw new Error(
        `${forgotten.map(({ method, pattern }) => `${method} ${pattern}`).join(', ')}: a route without a row in libs/access/actions.ts`,
      );
    const routes = new Set(this.#routes.map(({ method, pattern }) => `${method} ${pattern}`));
    const empty = allActions.filter(
      ({ name, route }) => route !== undefined && !routes.has(route) && name !== developmentOnly,
    );
    if (empty.length > 0)
      throw new Error(
        `${empty.map(({ name }) => name).join(', ')}: a row in libs/access/actions.ts whose route is not there`,
      );
  }
}
