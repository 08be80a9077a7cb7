import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Module } from '@nestjs/common';

import type { RunningGateway } from './assemble.js';
import { startGateway } from './assemble.js';
import type { GatewayParts } from './gateway.parts.js';

const running = Symbol('running gateway');

/** Ends the gateway with its application: what is in hand first. */
@Injectable()
class GatewayLife implements OnApplicationShutdown {
  constructor(@Inject(running) private readonly gateway: RunningGateway) {}

  onApplicationShutdown(): Promise<void> {
    return this.gateway.close();
  }
}

@Module({})
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      providers: [{ provide: running, useFactory: () => startGateway(parts) }, GatewayLife],
    };
  }
}
