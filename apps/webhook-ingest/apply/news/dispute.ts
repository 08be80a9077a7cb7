import { factsOfDispute, payments } from '#command-handling/facts';
import type { DisputeNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored } from '../verdict.js';
import { paymentOf } from '../whose/payment.js';
import type { Handler } from './handler.js';

/** Records how a dispute stands, and what it did with the money. */
export const applyDispute: Handler<DisputeNews> = async ({ dispute, claim }, heard, desk) => {
  const { processorPaymentId, currency } = dispute;
  if (processorPaymentId === undefined) throw ignored('unused_object');
  const found = await paymentOf(desk, { processorPaymentId, claim, account: heard.account, currency });
  return recordHeard(desk, heard, payments, found, ({ paymentId }) => factsOfDispute(paymentId, dispute, heard.at));
};
