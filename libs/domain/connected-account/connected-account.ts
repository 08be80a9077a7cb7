import { changed, joinInto } from '../join.js';
import { Refusal } from '../refusal.js';
import type { ConnectedAccountCommand, LinkConnectedAccount, RecordConnectedAccount } from './commands.js';
import type { ConnectedAccountEvent } from './events.js';

/** How the account stood when it was last looked at. */
export interface AccountStanding {
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  /** Sorted. */
  requirementsDue: readonly string[];
  disabledReason?: string;
}

export interface ConnectedAccount {
  /** Empty until linked. */
  connectedAccountId: string;
  processorAccountId: string;
  linkedAt: string;
  /** Absent until the first look. */
  standing?: AccountStanding;
  /** Looks that were asked of the gateway, by lookupId. */
  lookups: Readonly<Record<string, true>>;
}

export const initialConnectedAccount: ConnectedAccount = {
  connectedAccountId: '',
  processorAccountId: '',
  linkedAt: '',
  lookups: {},
};

export class ConnectedAccountNotFound extends Refusal {
  constructor() {
    super('connected_account_not_found', 'not_found', 'there is no such connected account; link it first', {
      field: 'connectedAccountId',
    });
  }
}

export class ConnectedAccountLinkedElsewhere extends Refusal {
  constructor({ connectedAccountId, processorAccountId }: ConnectedAccount) {
    super(
      'connected_account_already_linked',
      'conflict',
      `connected account ${connectedAccountId} is ${processorAccountId} at the processor; use a new id`,
      { field: 'processorAccountId', details: { connectedAccountId, processorAccountId } },
    );
  }
}

const sameStanding = (a: AccountStanding | undefined, b: AccountStanding): boolean =>
  a?.chargesEnabled === b.chargesEnabled &&
  a.payoutsEnabled === b.payoutsEnabled &&
  a.detailsSubmitted === b.detailsSubmitted &&
  a.disabledReason === b.disabledReason &&
  a.requirementsDue.length === b.requirementsDue.length &&
  a.requirementsDue.every((requirement, at) => requirement === b.requirementsDue[at]);

/** Folds one event into the account. Reports come from looks alone, so the latest one stands. */
export const evolveConnectedAccount = (account: ConnectedAccount, event: ConnectedAccountEvent): ConnectedAccount => {
  switch (event.type) {
    case 'ConnectedAccountLinked': {
      const { connectedAccountId, processorAccountId, at } = event;
      return changed(account, { connectedAccountId, processorAccountId, linkedAt: at });
    }
    case 'ConnectedAccountReported': {
      const { chargesEnabled, payoutsEnabled, detailsSubmitted, requirementsDue, disabledReason } = event;
      const standing = { chargesEnabled, payoutsEnabled, detailsSubmitted, requirementsDue, disabledReason };
      return sameStanding(account.standing, standing) ? account : { ...account, standing };
    }
    case 'ConnectedAccountLookupRequested':
      return changed(account, {
        lookups: joinInto(account.lookups, event.lookupId, true as const, (first) => first),
      });
  }
};

export const foldConnectedAccount = (events: Iterable<ConnectedAccountEvent>): ConnectedAccount => {
  let account = initialConnectedAccount;
  for (const event of events) account = evolveConnectedAccount(account, event);
  return account;
};

/** Links the account to the tenant whose stream this is. A repeat gives []. Throws ConnectedAccountLinkedElsewhere. */
export const linkConnectedAccount = (
  command: LinkConnectedAccount,
  account: ConnectedAccount,
): ConnectedAccountEvent[] => {
  const { connectedAccountId, processorAccountId, at } = command;
  if (account.connectedAccountId === '') {
    return [{ type: 'ConnectedAccountLinked', connectedAccountId, processorAccountId, at }];
  }
  if (account.processorAccountId !== processorAccountId) throw new ConnectedAccountLinkedElsewhere(account);
  return [];
};

const record = (account: ConnectedAccount, event: ConnectedAccountEvent): ConnectedAccountEvent[] => {
  if (account.connectedAccountId === '') throw new ConnectedAccountNotFound();
  return evolveConnectedAccount(account, event) === account ? [] : [event];
};

/** Records how the account was just found to stand. Throws ConnectedAccountNotFound. */
export const recordConnectedAccount = (
  fact: RecordConnectedAccount,
  account: ConnectedAccount,
): ConnectedAccountEvent[] => {
  const { chargesEnabled, payoutsEnabled, detailsSubmitted, disabledReason, at } = fact;
  const requirementsDue = [...fact.requirementsDue].sort();
  const standing = { chargesEnabled, payoutsEnabled, detailsSubmitted, requirementsDue, disabledReason };
  return record(account, { type: 'ConnectedAccountReported', ...standing, at });
};

/** Decides any command of the account. Throws ConnectedAccountNotFound for what is said of one that was never linked. */
export const decideConnectedAccount = (
  command: ConnectedAccountCommand,
  account: ConnectedAccount,
): ConnectedAccountEvent[] => {
  switch (command.type) {
    case 'LinkConnectedAccount':
      return linkConnectedAccount(command, account);
    case 'RecordConnectedAccount':
      return recordConnectedAccount(command, account);
    case 'RequestConnectedAccountLookup': {
      const { lookupId, at } = command;
      const { processorAccountId } = account;
      return record(account, { type: 'ConnectedAccountLookupRequested', lookupId, processorAccountId, at });
    }
  }
};
