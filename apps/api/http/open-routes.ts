import type { OnModuleInit } from '@nestjs/common';
import type { RequestMethod } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';

import { requirementKey } from './access.guard.js';

/** Stops the boot when a route says neither `Requires` nor `Public`: nothing is open because somebody forgot. */
@Injectable()
export class OpenRoutes implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    for (const { metatype, instance } of this.discovery.getControllers()) {
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name] as () => unknown;
        const isRoute = this.reflector.get<RequestMethod | undefined>('method', handler) !== undefined;
        if (isRoute && !this.reflector.get(requirementKey, handler)) {
          throw new Error(`${metatype?.name}.${name} needs @Requires(scope) or @Public()`);
        }
      }
    }
  }
}
