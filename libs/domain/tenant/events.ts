/**
 * The events of a tenant of this deployment, in its own stream. Names and fields are a storage format: add optional fields, never
 * rename. `at` is RFC 3339. Its name is in the table of tenants alone: a sole trader's is a person's.
 */

/** A platform_admin or an operator has made room for a tenant. */
export interface TenantAdded {
  type: 'TenantAdded';
  tenantId: string;
  at: string;
}

/** From this position on the tenant reads but cannot write. What it asked for before is carried out; facts are still recorded. */
export interface TenantSuspended {
  type: 'TenantSuspended';
  tenantId: string;
  /** A ticket or a code, in the form of `reasonForm`; no personal data. */
  reason: string;
  at: string;
}

/** The tenant may write again. */
export interface TenantReinstated {
  type: 'TenantReinstated';
  tenantId: string;
  /** A ticket or a code, in the form of `reasonForm`; no personal data. */
  reason: string;
  at: string;
}

export type TenantEvent = TenantAdded | TenantSuspended | TenantReinstated;
