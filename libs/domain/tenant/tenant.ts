import { Refusal } from '../refusal.js';
import type { AddTenant, ReinstateTenant, SuspendTenant, TenantCommand } from './commands.js';
import type { TenantEvent } from './events.js';
import { reasonForm, reasonWords } from './reason.js';

export interface Tenant {
  /** Absent before TenantAdded, and for good of a tenant that the migrator made. */
  addedAt?: string;
  /** Since when it cannot write; absent while it can. */
  suspendedAt?: string;
}

export const initialTenant: Tenant = {};

/** The reason is no ticket and no code. */
export class ReasonInvalid extends Refusal {
  constructor() {
    super('invalid_reason', 'invalid', `reason must be ${reasonWords}`, { field: 'reason' });
  }
}

/** Folds one event into the tenant. */
export const evolveTenant = (tenant: Tenant, event: TenantEvent): Tenant => {
  switch (event.type) {
    case 'TenantAdded':
      return { ...tenant, addedAt: event.at };
    case 'TenantSuspended':
      return { ...tenant, suspendedAt: event.at };
    case 'TenantReinstated': {
      const { suspendedAt: _, ...active } = tenant;
      return active;
    }
  }
};

/** Adds a tenant. One that is there, or has been suspended before anybody added it, gives []. */
export const addTenant = ({ tenantId, at }: AddTenant, tenant: Tenant): TenantEvent[] =>
  tenant.addedAt !== undefined || tenant.suspendedAt !== undefined ? [] : [{ type: 'TenantAdded', tenantId, at }];

/** Suspends a tenant; one that is suspended gives []. Throws ReasonInvalid. */
export const suspendTenant = ({ tenantId, reason, at }: SuspendTenant, tenant: Tenant): TenantEvent[] => {
  assertReason(reason);
  return tenant.suspendedAt === undefined ? [{ type: 'TenantSuspended', tenantId, reason, at }] : [];
};

/** Reinstates a tenant; one that is active gives []. Throws ReasonInvalid. */
export const reinstateTenant = ({ tenantId, reason, at }: ReinstateTenant, tenant: Tenant): TenantEvent[] => {
  assertReason(reason);
  return tenant.suspendedAt === undefined ? [] : [{ type: 'TenantReinstated', tenantId, reason, at }];
};

export const decideTenant = (command: TenantCommand, tenant: Tenant): TenantEvent[] => {
  switch (command.type) {
    case 'AddTenant':
      return addTenant(command, tenant);
    case 'SuspendTenant':
      return suspendTenant(command, tenant);
    case 'ReinstateTenant':
      return reinstateTenant(command, tenant);
  }
};

const assertReason = (reason: string): void => {
  if (!reasonForm.test(reason)) throw new ReasonInvalid();
};
