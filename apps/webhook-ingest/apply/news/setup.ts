import { paymentMethods, setupIntents } from '#command-handling/facts';
import type { PaymentMethodFact } from '#domain/payment-method';
import type { SetupIntentFact } from '#domain/setup-intent';
import type { SetupNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored } from '../verdict.js';
import { paymentMethodOf } from '../whose/payment-method.js';
import { setupIntentOf } from '../whose/setup-intent.js';
import type { Handler } from './handler.js';

/**
 * A setup has moved on: the gateway is to look how it stands, for it alone seals what comes of it. Of a setup that we did not make, only
 * what it did to a payment method of ours counts.
 */
export const applySetup: Handler<SetupNews> = async (news, heard, desk) => {
  const { token, claim, change, processorSetupId } = news;
  const { at, account } = heard;
  if (claim.setupIntentId === undefined) {
    if (change !== 'succeeded') throw ignored('not_mirrored');
    const method = await paymentMethodOf(desk, { token, claim, account });
    return recordHeard(desk, heard, paymentMethods, method, (_, lookupId): PaymentMethodFact[] => [
      { type: 'RequestPaymentMethodLookup', lookupId, reason: 'setup', at },
    ]);
  }
  const found = await setupIntentOf(desk, news, account);
  return recordHeard(desk, heard, setupIntents, found, ({ stage }, lookupId): SetupIntentFact[] => {
    if (stage.phase === 'succeeded') return [];
    const about = { lookupId, processorSetupIntentId: processorSetupId, reason: change };
    return [{ type: 'RequestSetupIntentLookup', ...about, at }];
  });
};
