/** Makes room for a tenant. Time and ids come with the command. */
export interface AddTenant {
  type: 'AddTenant';
  tenantId: string;
  at: string;
}

/** Takes the right to write from a tenant. */
export interface SuspendTenant {
  type: 'SuspendTenant';
  tenantId: string;
  /** In the form of `reasonForm`. */
  reason: string;
  at: string;
}

/** Gives it back. */
export interface ReinstateTenant {
  type: 'ReinstateTenant';
  tenantId: string;
  /** In the form of `reasonForm`. */
  reason: string;
  at: string;
}

export type TenantCommand = AddTenant | SuspendTenant | ReinstateTenant;
