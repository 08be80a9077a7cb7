export { platformTenantId } from './platform-tenant.js';
export { isTenantId } from './tenant-id.js';
export { TenantStanding, tenantSuspended } from './tenant-standing.js';
export type { TenantStandingOptions } from './tenant-standing.js';
export { tenantInsert, tenantQuery, tenantStatement } from './tenant-statement.js';
export type { TenantStatement } from './tenant-statement.js';
export { TransactionEnded, withTenant } from './with-tenant.js';
export type { TenantClient } from './with-tenant.js';
