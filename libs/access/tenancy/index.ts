export { isTenantId } from './tenant-id.js';
export { tenantInsert, tenantQuery, tenantStatement } from './tenant-statement.js';
export type { TenantStatement } from './tenant-statement.js';
export { withTenant } from './with-tenant.js';
