import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Module } from '@nestjs/common';

import { Relay } from './relay.js';
import type { RelayParts } from './relay.parts.js';

/** Ends the relay with its application, after the requests at hand. */
@Injectable()
class RelayLife implements OnApplicationShutdown {
  constructor(@Inject(Relay) private readonly relay: Relay) {}

  onApplicationShutdown(): Promise<void> {
    return this.relay.close();
  }
}

@Module({})
export class RelayModule {
  static with({ relay }: RelayParts): DynamicModule {
    const started = {
      provide: Relay,
      useFactory: async () => {
        await relay.start();
        return relay;
      },
    };
    return { module: RelayModule, providers: [started, RelayLife] };
  }
}
