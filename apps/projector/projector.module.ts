import type { Subscription } from '#log';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Module } from '@nestjs/common';

import { project } from './project.js';
import type { ProjectorParts } from './projector.parts.js';

const running = Symbol('running projector');

/** Ends the projector with its application, after the batch at hand. */
@Injectable()
class ProjectorLife implements OnApplicationShutdown {
  constructor(@Inject(running) private readonly subscription: Subscription) {}

  onApplicationShutdown(): Promise<void> {
    return this.subscription.close();
  }
}

@Module({})
export class ProjectorModule {
  static with(parts: ProjectorParts): DynamicModule {
    return {
      module: ProjectorModule,
      providers: [{ provide: running, useFactory: () => project(parts) }, ProjectorLife],
    };
  }
}
