import type { Tenant } from '#domain/tenant';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import { idFrom } from '../idempotency.js';
import type { AddTenantDto, TenantReasonDto } from './dto.js';

/** How the tenant stands, and what its row says of it for good. */
export type TenantAnswer = Answer<Tenant> & { tenant: { id: string; name: string; createdAt: string } };

/** The id that a tenant gets where the request brings none. `commandId` is that of a command of the platform's own tenant. */
export const newTenantId = (commandId: string): string => idFrom(commandId, 'tenant');

/**
 * Makes room for a tenant, or answers with the one that is there already (`existing`). Its context, like those of the commands below, is
 * one of the platform's own tenant: who asks is nobody's tenant.
 */
export class AddTenantCommand extends Command<TenantAnswer & { existing: boolean }> {
  constructor(
    readonly context: CommandContext,
    readonly body: AddTenantDto,
  ) {
    super();
  }
}

/** From then on the tenant reads but cannot write. */
export class SuspendTenantCommand extends Command<TenantAnswer> {
  constructor(
    readonly context: CommandContext,
    readonly tenantId: string,
    readonly body: TenantReasonDto,
  ) {
    super();
  }
}

/** It may write again. */
export class ReinstateTenantCommand extends Command<TenantAnswer> {
  constructor(
    readonly context: CommandContext,
    readonly tenantId: string,
    readonly body: TenantReasonDto,
  ) {
    super();
  }
}
