/**
 * The events of an account at the processor that belongs to a tenant. Names and fields are a storage format: add optional
 * fields, never rename. `at` is RFC 3339.
 */

/** An operator says that the account is the tenant's. Nothing that is heard of an account counts before. */
export interface ConnectedAccountLinked {
  type: 'ConnectedAccountLinked';
  connectedAccountId: string;
  processorAccountId: string;
  at: string;
}

/** How the account stands. */
export interface ConnectedAccountReported {
  type: 'ConnectedAccountReported';
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  /** The processor's words for what it still wants. Sorted. */
  requirementsDue: readonly string[];
  disabledReason?: string;
  at: string;
}

/** The account has changed and the gateway is to look how it stands now: reports of an account carry no order of their own. */
export interface ConnectedAccountLookupRequested {
  type: 'ConnectedAccountLookupRequested';
  lookupId: string;
  processorAccountId: string;
  at: string;
}

export type ConnectedAccountEvent = ConnectedAccountLinked | ConnectedAccountReported | ConnectedAccountLookupRequested;
