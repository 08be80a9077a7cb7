import { connectedAccounts } from '#command-handling/facts';
import type { ConnectedAccountFact } from '#domain/connected-account';
import type { AccountNews, Claim, ReferenceNews } from '#processor';

import type { Desk, Heard } from '../desk.js';
import { recordHeard } from '../desk.js';
import { ignored, quarantine } from '../verdict.js';
import type { Verdict } from '../verdict.js';
import { connectedAccountOf } from '../whose/account.js';
import type { Handler } from './handler.js';

/** Reports of an account carry no order of their own: whatever one says, the gateway is to look how the account stands now. */
const askToLook = async (
  { processorAccountId, claim }: { processorAccountId: string; claim: Claim },
  heard: Heard,
  desk: Desk,
): Promise<Verdict> => {
  if (heard.account !== undefined && heard.account !== processorAccountId) throw quarantine('account_mismatch');
  const found = await connectedAccountOf(desk, processorAccountId, claim);
  return recordHeard(desk, heard, connectedAccounts, found, (_, lookupId): ConnectedAccountFact[] => [
    { type: 'RequestConnectedAccountLookup', lookupId, at: heard.at },
  ]);
};

/** The platform hears of its own account, too: that is no tenant's. */
export const applyAccount: Handler<AccountNews> = async ({ account, claim }, heard, desk) => {
  if (heard.account === undefined) throw ignored('unused_object');
  return askToLook({ processorAccountId: account.processorAccountId, claim }, heard, desk);
};

/** A thin event of an account names it and no more. */
export const applyReference: Handler<ReferenceNews> = ({ processorId }, heard, desk) =>
  askToLook({ processorAccountId: processorId, claim: {} }, heard, desk);
