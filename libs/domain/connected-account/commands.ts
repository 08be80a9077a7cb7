/** Time and ids come with the command. */
export interface LinkConnectedAccount {
  type: 'LinkConnectedAccount';
  connectedAccountId: string;
  processorAccountId: string;
  at: string;
}

/** Fact: how the account stands now, as just looked up. */
export interface RecordConnectedAccount {
  type: 'RecordConnectedAccount';
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  requirementsDue: readonly string[];
  disabledReason?: string;
  at: string;
}

/** Asks the gateway to look. */
export interface RequestConnectedAccountLookup {
  type: 'RequestConnectedAccountLookup';
  lookupId: string;
  at: string;
}

export type ConnectedAccountFact = RecordConnectedAccount | RequestConnectedAccountLookup;

export type ConnectedAccountCommand = LinkConnectedAccount | ConnectedAccountFact;
