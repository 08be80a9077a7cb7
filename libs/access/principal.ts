import type { Role, Scope } from './roles.js';

/** Who calls, as a verified token tells it. */
export interface Principal {
  /** The issuer's id of the caller; never an email or a name. */
  readonly subject: string;
  readonly kind: 'person' | 'service';
  /** The tenant that the token is bound to, lower case. Without one, see `tenantOf`. */
  readonly tenantId?: string;
  /** Of a service, and of a person for whom one acts over HTTP: the tenants that its registration lists, ids in lower case. */
  readonly tenants?: ReadonlySet<string> | 'all';
  readonly roles: readonly Role[];
  readonly scopes: ReadonlySet<Scope>;
  /** Authentication context class and methods (OpenID Connect, RFC 8176). */
  readonly acr?: string;
  readonly amr: readonly string[];
  /** When the person last authenticated, seconds since 1970. */
  readonly authTime?: number;
  /** The service that the token lets act for the person (`act.sub` of RFC 8693). */
  readonly actingParty?: string;
  /** The token's own id (`jti`). */
  readonly tokenId?: string;
}
