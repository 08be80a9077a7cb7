import { connectedAccounts } from '#command-handling/facts';
import type {
  ConnectedAccount,
  ConnectedAccountCommand,
  ConnectedAccountEvent,
  ConnectedAccountLinked,
  ConnectedAccountLookupRequested,
} from '#domain/connected-account';
import type { ProcessorAccount } from '#processor';

import type { Operation } from './operation.js';
import { unchanged } from './operation.js';

/** How the processor's account, just looked at, stands. */
export const factsOfAccount = (account: ProcessorAccount, at: string): ConnectedAccountCommand[] => {
  const { chargesEnabled, payoutsEnabled, detailsSubmitted, requirementsDue, disabledReason } = account;
  const standing = { chargesEnabled, payoutsEnabled, detailsSubmitted, requirementsDue, disabledReason };
  return [{ type: 'RecordConnectedAccount', ...standing, at }];
};

/** Looks how a connected account stands now: once it is linked, and whenever something was heard of it. */
export const lookupConnectedAccount: Operation<
  ConnectedAccountLinked | ConnectedAccountLookupRequested,
  ConnectedAccount,
  ConnectedAccountCommand,
  ConnectedAccountEvent
> = {
  aggregate: connectedAccounts,

  // Reports carry no order of their own: only a look after the one that was asked for is sure to be no older.
  ended: () => false,

  async send(call, { line, processor, now }, { processorAccountId }) {
    const account = await line.run(call, () => processor.retrieveAccount(processorAccountId));
    if (!account) return unchanged('missing');
    const facts = factsOfAccount(account, now().toISOString());
    return { kind: 'looked', recordedAs: `looked, try ${call.tries}`, facts };
  },

  look: (call, desk, _certainty, state) => lookupConnectedAccount.send(call, desk, state),
};
