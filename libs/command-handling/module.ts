import { Keys } from '#keys';
import type { Batcher, StreamReader, TenantShards } from '#event-store';
import type { LogTail } from '#log';
import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Pool } from 'pg';

import {
  ConfirmCheckoutSessionHandler,
  CreateCheckoutSessionHandler,
  ExpireCheckoutSessionHandler,
  FinishCheckoutActionHandler,
} from './checkout-session/index.js';
import { AccountHolders, LinkConnectedAccountHandler } from './connected-account/index.js';
import { CreateCustomerHandler, SetDefaultPaymentMethodHandler } from './customer/index.js';
import { PaymentOfDispute, SubmitDisputeEvidenceHandler } from './dispute/index.js';
import { CommandExecutor } from './executor.js';
import { Fingerprints } from './idempotency.js';
import { AttachPaymentMethodHandler, DetachPaymentMethodHandler, ProcessorTokens } from './payment-method/index.js';
import { CreateSetupIntentHandler } from './setup-intent/index.js';
import { AddTenantHandler, ReinstateTenantHandler, SuspendTenantHandler, Tenants } from './tenant/index.js';
import {
  CancelPaymentHandler,
  CapturePaymentHandler,
  ConfirmPaymentHandler,
  CreatePaymentHandler,
  RefundPaymentHandler,
} from './payment/index.js';

/** What the handlers work with; the app that hosts them opens it under its own role. */
export interface CommandHandlingParts {
  pool: Pool;
  shards: TenantShards;
  reader: StreamReader;
  batcher: Batcher;
  tail: Pick<LogTail, 'next'>;
  keys: Keys;
}

/** The command handlers, for every app that takes commands in. */
@Module({})
export class CommandHandlingModule {
  static with(parts: CommandHandlingParts): DynamicModule {
    return {
      module: CommandHandlingModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: CommandExecutor, useValue: new CommandExecutor(parts) },
        { provide: Fingerprints, useValue: new Fingerprints(parts.keys) },
        { provide: Keys, useValue: parts.keys },
        { provide: ProcessorTokens, useValue: new ProcessorTokens(parts.pool, parts.keys) },
        { provide: PaymentOfDispute, useValue: new PaymentOfDispute(parts.pool, parts.shards) },
        { provide: AccountHolders, useValue: new AccountHolders(parts.pool) },
        { provide: Tenants, useValue: new Tenants(parts.pool) },
        CreateCustomerHandler,
        SetDefaultPaymentMethodHandler,
        AttachPaymentMethodHandler,
        DetachPaymentMethodHandler,
        CreateSetupIntentHandler,
        CreatePaymentHandler,
        ConfirmPaymentHandler,
        CapturePaymentHandler,
        CancelPaymentHandler,
        RefundPaymentHandler,
        SubmitDisputeEvidenceHandler,
        CreateCheckoutSessionHandler,
        ConfirmCheckoutSessionHandler,
        ExpireCheckoutSessionHandler,
        FinishCheckoutActionHandler,
        LinkConnectedAccountHandler,
        AddTenantHandler,
        SuspendTenantHandler,
        ReinstateTenantHandler,
      ],
      exports: [CqrsModule, CommandExecutor, Fingerprints, Keys, Tenants],
    };
  }
}
