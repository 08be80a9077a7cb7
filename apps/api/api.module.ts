import { DevelopmentIssuer } from '#access';
import { LeafRuns } from '#audit-log';
import { CommandHandlingModule, validation } from '#command-handling';
import { TenantStanding } from '#access/tenancy';
import { TenantShards } from '#event-store';
import { metricsRegistry, readiness } from '#platform/http';
import { Warnings } from '#platform/warnings';
import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { Pool } from 'pg';

import type { ApiParts } from './api.parts.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditLimits } from './audit/limits.js';
import { LogFilesController } from './audit/log-files.controller.js';
import { TenantOpenings } from './audit/openings.js';
import { PaymentHistoryController } from './audit/payment-history.controller.js';
import { Proofs } from './audit/proofs.js';
import { PublishedLog } from './audit/published-log.js';
import { Receipts } from './audit/receipts.js';
import { SealedEnds } from './audit/sealed-ends.js';
import { SealedPlaces } from './audit/sealed-places.js';
import { CheckoutSessionsController } from './checkout/checkout-sessions.controller.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { CspReports } from './checkout/csp-reports.js';
import { CheckoutLimits } from './checkout/limits.js';
import { CheckoutLinks } from './checkout/links.js';
import { CheckoutPages } from './checkout/pages.js';
import { CheckoutSite } from './checkout/site.js';
import { AccessGuard } from './http/access.guard.js';
import { CommandGate } from './http/command-gate.js';
import { OpenRoutes } from './http/open-routes.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ReadPosition } from './http/read-position.js';
import { judgeAgain } from './http/second-look.js';
import { BalancesController } from './routes/balances.controller.js';
import { ConnectedAccountsController } from './routes/connected-accounts.controller.js';
import { CustomerByEmail } from './routes/customer-by-email.js';
import { CustomersController, PaymentMethodsController } from './routes/customers.controller.js';
import { DisputesController } from './routes/disputes.controller.js';
import { DevelopmentIssuerController } from './routes/development-issuer.controller.js';
import { EventsController } from './routes/events.controller.js';
import { EventReader } from './routes/events/event-reader.js';
import { LiveTail } from './routes/events/live-tail.js';
import { OpenStreams } from './routes/events/open-streams.js';
import { Rounds } from './routes/events/rounds.js';
import { ApiHealthController } from './routes/health.controller.js';
import { PaymentsController } from './routes/payments.controller.js';
import { PersonalData } from './routes/personal-data.js';
import { PresentState } from './routes/present-state.js';
import { RefundsController } from './routes/refunds.controller.js';
import { SetupIntentsController } from './routes/setup-intents.controller.js';
import { TenantsController } from './routes/tenants.controller.js';
import { ClientSecrets } from './vault/client-secrets.js';

@Module({})
export class ApiModule {
  static with(parts: ApiParts): DynamicModule {
    const { issuer } = parts;
    const leafRuns = new LeafRuns(parts.pool);
    return {
      module: ApiModule,
      imports: [CommandHandlingModule.with(parts)],
      controllers: [
        PaymentsController,
        PaymentHistoryController,
        RefundsController,
        DisputesController,
        CustomersController,
        PaymentMethodsController,
        SetupIntentsController,
        ConnectedAccountsController,
        BalancesController,
        EventsController,
        AuditController,
        LogFilesController,
        TenantsController,
        CheckoutSessionsController,
        CheckoutController,
        ApiHealthController,
        ...(issuer ? [DevelopmentIssuerController] : []),
      ],
      providers: [
        { provide: Pool, useValue: parts.pool },
        { provide: TenantShards, useValue: parts.shards },
        { provide: EventReader, useValue: new EventReader(parts.pool) },
        { provide: LiveTail, useValue: new LiveTail(parts.pool, parts.logger) },
        { provide: OpenStreams, useValue: new OpenStreams() },
        { provide: Rounds, useValue: new Rounds((request) => judgeAgain(request, parts), parts.logger) },
        { provide: metricsRegistry, useValue: parts.metrics },
        { provide: Warnings, useValue: parts.warnings },
        {
          provide: readiness,
          useValue: () =>
            Promise.all([parts.pool.query('select position from billing.log_head limit 1'), parts.ages.look()]),
        },
        ...(issuer ? [{ provide: DevelopmentIssuer, useValue: issuer }] : []),
        { provide: AccessGuard, useValue: new AccessGuard(parts) },
        { provide: APP_GUARD, useExisting: AccessGuard },
        { provide: ProblemFilter, useValue: new ProblemFilter(parts.logger, parts.audit) },
        { provide: APP_FILTER, useExisting: ProblemFilter },
        { provide: APP_PIPE, useValue: validation() },
        { provide: TenantStanding, useValue: parts.standing },
        { provide: CheckoutSite, useValue: new CheckoutSite(parts.checkout) },
        { provide: CheckoutLinks, useValue: new CheckoutLinks(parts.keys, parts.shards) },
        { provide: CheckoutLimits, useValue: new CheckoutLimits(parts.checkout.limit) },
        { provide: CspReports, useValue: new CspReports(parts.logger, parts.metrics) },
        CheckoutPages,
        { provide: LeafRuns, useValue: leafRuns },
        { provide: SealedPlaces, useValue: new SealedPlaces(leafRuns) },
        { provide: PublishedLog, useValue: parts.auditLog },
        { provide: AuditLimits, useValue: parts.auditLimits },
        { provide: Receipts, useValue: new Receipts(parts.metrics) },
        Proofs,
        SealedEnds,
        TenantOpenings,
        ClientSecrets,
        CustomerByEmail,
        OpenRoutes,
        CommandGate,
        ReadPosition,
        PersonalData,
        PresentState,
      ],
    };
  }
}
