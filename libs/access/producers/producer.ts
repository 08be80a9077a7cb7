import type { Scope } from '../roles.js';
import { platformTenantId } from '../tenancy/index.js';

/** How a producer signs (RFC 7518, RFC 8037): no `none`, no shared secrets, nothing that needs long keys. */
export type SignatureAlgorithm = 'ES256' | 'EdDSA';

/** The scopes that a service may have of its own. The others take a person who has freshly shown a second factor. */
export const producerScopes = ['billing:read', 'billing:write'] as const satisfies readonly Scope[];
export type ProducerScope = (typeof producerScopes)[number];

/** Names of producers: they are `ce_source` of what they send, parts of ids, and words in logs. */
export const producerNameForm = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** A service that may publish commands, call the api, or both. */
export interface Producer {
  readonly name: string;
  /** As its certificates name it, where it has any. */
  readonly spiffeId?: string;
  /** The tenants it may speak for, ids in lower case. */
  readonly tenants: ReadonlySet<string> | 'all';
  readonly scopes: ReadonlySet<Scope>;
}

/** Whether a service may speak for a tenant. Nobody's service speaks for the platform's own, not even one for all tenants. */
export const mayServe = ({ tenants }: Pick<Producer, 'tenants'>, tenantId: string): boolean =>
  tenantId !== platformTenantId && (tenants === 'all' || tenants.has(tenantId));
