import { DevelopmentIssuer } from '#access';
import { CommandHandlingModule, validation } from '#command-handling';
import { TenantShards } from '#event-store';
import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule, Reflector } from '@nestjs/core';
import { Pool } from 'pg';

import type { ApiParts } from './api.parts.js';
import { AccessGuard } from './http/access.guard.js';
import { CommandGate } from './http/command-gate.js';
import { OpenRoutes } from './http/open-routes.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ReadPosition } from './http/read-position.js';
import { BalancesController } from './routes/balances.controller.js';
import { ConnectedAccountsController } from './routes/connected-accounts.controller.js';
import { CustomersController, PaymentMethodsController } from './routes/customers.controller.js';
import { DisputesController } from './routes/disputes.controller.js';
import { DevelopmentIssuerController } from './routes/development-issuer.controller.js';
import { EventsController } from './routes/events.controller.js';
import { EventReader } from './routes/events/event-reader.js';
import { LiveTail } from './routes/events/live-tail.js';
import { OpenStreams } from './routes/events/open-streams.js';
import { HealthController, metricsRegistry } from './routes/health.controller.js';
import { PaymentsController } from './routes/payments.controller.js';
import { PersonalData } from './routes/personal-data.js';
import { PresentState } from './routes/present-state.js';
import { RefundsController } from './routes/refunds.controller.js';

@Module({})
export class ApiModule {
  static with(parts: ApiParts): DynamicModule {
    const { issuer } = parts;
    return {
      module: ApiModule,
      imports: [CommandHandlingModule.with(parts), DiscoveryModule],
      controllers: [
        PaymentsController,
        RefundsController,
        DisputesController,
        CustomersController,
        PaymentMethodsController,
        ConnectedAccountsController,
        BalancesController,
        EventsController,
        HealthController,
        ...(issuer ? [DevelopmentIssuerController] : []),
      ],
      providers: [
        { provide: Pool, useValue: parts.pool },
        { provide: TenantShards, useValue: parts.shards },
        { provide: EventReader, useValue: new EventReader(parts.pool) },
        { provide: LiveTail, useValue: new LiveTail(parts.pool, parts.logger) },
        { provide: OpenStreams, useValue: new OpenStreams() },
        { provide: metricsRegistry, useValue: parts.metrics },
        ...(issuer ? [{ provide: DevelopmentIssuer, useValue: issuer }] : []),
        {
          provide: APP_GUARD,
          useFactory: (reflector: Reflector) => new AccessGuard(reflector, parts.verifier),
          inject: [Reflector],
        },
        { provide: ProblemFilter, useValue: new ProblemFilter(parts.logger) },
        { provide: APP_FILTER, useExisting: ProblemFilter },
        { provide: APP_PIPE, useValue: validation() },
        OpenRoutes,
        CommandGate,
        ReadPosition,
        PersonalData,
        PresentState,
      ],
    };
  }
}
