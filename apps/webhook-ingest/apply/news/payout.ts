import { factsOfPayout, foreignPayoutId, payouts } from '#command-handling/facts';
import type { PayoutNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored, quarantine } from '../verdict.js';
import { connectedAccountOf } from '../whose/account.js';
import { readStream } from '../whose/tenant.js';
import type { Handler } from './handler.js';

/** Records how a payout of a connected account stands. The platform pays out to itself: that is no tenant's. */
export const applyPayout: Handler<PayoutNews> = async ({ payout, claim }, heard, desk) => {
  const { account, at } = heard;
  if (account === undefined)
    throw claim.tenantId === undefined ? ignored('unused_object') : quarantine('account_mismatch');
  const { tenantId } = await connectedAccountOf(desk, account, claim);
  const { processorPayoutId } = payout;
  // Never the id that it claims: the owner of the account writes its metadata, and could have one payout booked as many.
  const payoutId = foreignPayoutId(tenantId, processorPayoutId);
  const found = await readStream(desk, payouts, tenantId, 'payout', payoutId);
  const { state, version } = found;
  if (version > 0 && state.processorPayoutId !== processorPayoutId) throw quarantine('object_mismatch', tenantId);
  if (version > 0 && state.processorAccountId !== account) throw quarantine('account_mismatch', tenantId);
  return recordHeard(desk, heard, payouts, found, () =>
    factsOfPayout({ payoutId, processorAccountId: account }, payout, at),
  );
};
