/**
 * The platform's own tenant (migrations/0018_tenants.sql): its log holds what concerns no tenant that we know. Nothing is charged or
 * paid in its name, no token is bound to it, and it is no tenant to those who list, suspend or reinstate tenants.
 */
export const platformTenantId = '00000000-0000-4000-8000-000000000000';
