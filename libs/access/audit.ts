import type { AccessDenied, PrivilegedAccessGranted } from '#domain/access';

/** A denial as a door tells it; what repeats is counted by whoever records it. */
export type Denial = Omit<AccessDenied, 'type' | 'count' | 'firstAt' | 'at'> & {
  /** The tenant whose log it belongs into; undefined: the platform's. */
  tenantId: string | undefined;
};

/** A privilege that is about to be used. */
export type Grant = Omit<PrivilegedAccessGranted, 'type' | 'at'> & { tenantId: string | undefined };

/** Where the doors tell what they did. */
export interface AccessAudit {
  /** Takes note of a denial; returns at once and never throws. It is written within a second or so, and bounded whatever comes. */
  denied(denial: Denial): void;
  /** Resolves once the grant is in the log: what it is about must not be done before. Rejects as an append does; then nothing may be done. For a tenant that there is not it is in the platform's log, and UnknownTenant is thrown. */
  granted(grant: Grant): Promise<void>;
}
