import { CommandHandlingModule, Fingerprints } from '#command-handling';
import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Injectable, Module } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';

import type { CommandWorkerParts } from './command-worker.parts.js';
import { CommandWorker } from './command-worker.js';
import { DeadLetters } from './desk/dead-letters.js';
import { Desk } from './desk/desk.js';
import { WorkerMetrics } from './metrics.js';

/** Starts the worker once the handlers are registered, and ends it with its application. */
@Injectable()
class CommandWorkerLife implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly worker: CommandWorker) {}

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.worker.close();
  }
}

const workerOf = (parts: CommandWorkerParts, bus: CommandBus, fingerprints: Fingerprints): CommandWorker =>
  new CommandWorker({
    kafka: parts.kafka,
    settings: parts.settings,
    desk: new Desk({ ...parts, bus, fingerprints }),
    letters: new DeadLetters(parts.pool, parts.keys, parts.shards),
    metrics: new WorkerMetrics(parts.metrics),
    logger: parts.logger,
  });

@Module({})
export class CommandWorkerModule {
  static with(parts: CommandWorkerParts): DynamicModule {
    return {
      module: CommandWorkerModule,
      imports: [CommandHandlingModule.with(parts)],
      providers: [
        {
          provide: CommandWorker,
          useFactory: (bus: CommandBus, fingerprints: Fingerprints) => workerOf(parts, bus, fingerprints),
          inject: [CommandBus, Fingerprints],
        },
        CommandWorkerLife,
      ],
    };
  }
}
