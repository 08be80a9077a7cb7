import { HealthController, metricsRegistry, readiness } from '#platform/http';
import { Warnings } from '#platform/warnings';
import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';

import type { OpenBody, RunningApplier } from './apply/index.js';
import { startApplier } from './apply/index.js';
import { DeliveryDenials } from './http/delivery-denials.js';
import { ProblemFilter } from './http/problem.filter.js';
import { WebhooksController } from './http/webhooks.controller.js';
import { InboxKeyKeeper, Retention } from './inbox/index.js';
import { Reception } from './receive/reception.js';
import type { WebhookIngestParts } from './webhook-ingest.parts.js';

/**
 * The purge of what is done with, the replacement of the key that seals and, if asked for, the second half: for as long as their application
 * takes webhooks in.
 */
class InboxLife implements OnApplicationBootstrap, OnApplicationShutdown {
  #applier: RunningApplier | undefined;
  #retention: Retention | undefined;
  #keeper: InboxKeyKeeper | undefined;

  constructor(
    private readonly parts: WebhookIngestParts,
    private readonly applies: boolean,
  ) {}

  onApplicationBootstrap(): void {
    const { keys, inbox, warnings, logger } = this.parts;
    if (this.applies) {
      const openBody: OpenBody = async (taken) => (await keys.openInbox(taken, taken.sealed)).body;
      this.#applier = startApplier({ ...this.parts, openBody });
    }
    this.#retention = new Retention(inbox, logger);
    this.#retention.start();
    this.#keeper = new InboxKeyKeeper({ ...this.parts.keyKeeping, warnings, logger });
    this.#keeper.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.#applier?.close(), this.#retention?.close(), this.#keeper?.close()]);
  }
}

@Module({})
export class WebhookIngestModule {
  static with(parts: WebhookIngestParts, { applies }: { applies: boolean }): DynamicModule {
    const denials = new DeliveryDenials(parts.audit);
    return {
      module: WebhookIngestModule,
      controllers: [WebhooksController, HealthController],
      providers: [
        { provide: metricsRegistry, useValue: parts.metrics },
        { provide: Warnings, useValue: parts.warnings },
        {
          provide: readiness,
          useValue: () =>
            Promise.all([parts.pool.query('select from billing.webhook_events limit 1'), parts.ages.look()]),
        },
        { provide: Reception, useValue: parts.reception },
        { provide: InboxLife, useValue: new InboxLife(parts, applies) },
        { provide: DeliveryDenials, useValue: denials },
        { provide: ProblemFilter, useValue: new ProblemFilter(parts.logger, parts.ingestMetrics, denials) },
        { provide: APP_FILTER, useExisting: ProblemFilter },
      ],
    };
  }
}
