import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Module } from '@nestjs/common';

import { MerkleAnchor } from './anchor.js';
import type { MerkleAnchorParts } from './merkle-anchor.parts.js';

/** Ends the anchor with its application, after the step at hand. */
@Injectable()
class MerkleAnchorLife implements OnApplicationShutdown {
  constructor(@Inject(MerkleAnchor) private readonly anchor: MerkleAnchor) {}

  onApplicationShutdown(): Promise<void> {
    return this.anchor.close();
  }
}

@Module({})
export class MerkleAnchorModule {
  static with({ anchor }: Pick<MerkleAnchorParts, 'anchor'>): DynamicModule {
    const started = {
      provide: MerkleAnchor,
      useFactory: () => {
        anchor.start();
        return anchor;
      },
    };
    return { module: MerkleAnchorModule, providers: [started, MerkleAnchorLife] };
  }
}
