import { platformTenantId } from '#access/tenancy';
import { Refusal } from '#domain';
import type { Tenant, TenantEvent } from '#domain/tenant';
import { addTenant, reinstateTenant, suspendTenant } from '#domain/tenant';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { tenants } from '../aggregates.js';
import type { CommandContext } from '../context.js';
import { CommandExecutor } from '../executor.js';
import type { TenantAnswer } from './commands.js';
import { AddTenantCommand, ReinstateTenantCommand, SuspendTenantCommand, newTenantId } from './commands.js';
import { Tenants } from './tenants.js';

/** The id is in use for a tenant of another name. */
export class TenantIdTaken extends Refusal {
  constructor(tenantId: string) {
    super(
      'tenant_exists',
      'conflict',
      `there is a tenant ${tenantId} already, of another name; leave the id out for a new one`,
      {
        field: 'id',
      },
    );
  }
}

/** There is no such tenant. The platform's own is none, to anybody. */
export class TenantNotFound extends Refusal {
  constructor(tenantId: string) {
    super('tenant_not_found', 'not_found', `there is no tenant ${tenantId}`, { field: 'id' });
  }
}

@CommandHandler(AddTenantCommand)
export class AddTenantHandler implements ICommandHandler<AddTenantCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly rows: Tenants,
  ) {}

  async execute({ context, body }: AddTenantCommand): Promise<TenantAnswer & { existing: boolean }> {
    const { at } = context;
    const tenantId = body.id ?? newTenantId(context.commandId);
    if (tenantId === platformTenantId) throw new TenantIdTaken(tenantId);
    // The row first: a log without a tenant cannot be. After a crash in between, the same request again appends the event.
    const tenant = await this.rows.add(tenantId, body.name);
    const answer = await this.executor.execute({
      context: { ...context, tenantId },
      aggregate: tenants,
      id: tenantId,
      decide: (state) => {
        if (tenant.name !== body.name) throw new TenantIdTaken(tenantId);
        return addTenant({ type: 'AddTenant', tenantId, at }, state);
      },
    });
    return { ...answer, tenant, existing: answer.settledBy === undefined };
  }
}

@CommandHandler(SuspendTenantCommand)
export class SuspendTenantHandler implements ICommandHandler<SuspendTenantCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly rows: Tenants,
  ) {}

  execute({ context, tenantId, body: { reason } }: SuspendTenantCommand): Promise<TenantAnswer> {
    const command = { type: 'SuspendTenant', tenantId, reason, at: context.at } as const;
    return change(this.executor, this.rows, { ...context, tenantId }, (state) => suspendTenant(command, state));
  }
}

@CommandHandler(ReinstateTenantCommand)
export class ReinstateTenantHandler implements ICommandHandler<ReinstateTenantCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly rows: Tenants,
  ) {}

  execute({ context, tenantId, body: { reason } }: ReinstateTenantCommand): Promise<TenantAnswer> {
    const command = { type: 'ReinstateTenant', tenantId, reason, at: context.at } as const;
    return change(this.executor, this.rows, { ...context, tenantId }, (state) => reinstateTenant(command, state));
  }
}

/** A change of how the tenant of `context` stands. */
const change = async (
  executor: CommandExecutor,
  rows: Tenants,
  context: CommandContext,
  decide: (state: Tenant) => TenantEvent[],
): Promise<TenantAnswer> => {
  const { tenantId } = context;
  const tenant = await rows.find(tenantId);
  if (!tenant) throw new TenantNotFound(tenantId);
  return { ...(await executor.execute({ context, aggregate: tenants, id: tenantId, decide })), tenant };
};
