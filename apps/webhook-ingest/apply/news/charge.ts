import { payments, settlementMissing, takenBy } from '#command-handling/facts';
import type { Payment, PaymentFact } from '#domain/payment';
import type { ChargeNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored } from '../verdict.js';
import { paymentOf } from '../whose/payment.js';
import type { Handler } from './handler.js';

/** Minor units with what is under way, and without: both are in agreement with us. */
interface Total {
  least: number;
  most: number;
}

const agrees = ({ least, most }: Total, told: number): boolean => told === least || told === most;

const capturedIn = (payment: Payment, attempt: number): Total => {
  const least = takenBy(payment, attempt);
  const underWay = Object.values(payment.captures).filter(
    (capture) => capture.attempt === attempt && capture.stage.phase === 'requested',
  );
  return { least, most: underWay.reduce((sum, { amount }) => sum + amount, least) };
};

/** What the processor counts as refunded: refunds that are pending there too, and none that failed. */
const refundedIn = (payment: Payment, processorPaymentId: string): Total => {
  const ofCharge = Object.values(payment.refunds).filter(
    (refund) =>
      refund.stage.phase !== 'failed' && (refund.processorPaymentId ?? processorPaymentId) === processorPaymentId,
  );
  const made = ofCharge.filter(({ stage }) => stage.phase !== 'requested');
  const sum = (refunds: typeof ofCharge) => refunds.reduce((total, { amount }) => total + amount, 0);
  return { least: sum(made), most: sum(ofCharge) };
};

const reasonToLook = (payment: Payment, attempt: number, news: ChargeNews, processorPaymentId: string) => {
  const { captured, refunded, settled } = news;
  const isAsKnown =
    agrees(capturedIn(payment, attempt), captured) && agrees(refundedIn(payment, processorPaymentId), refunded);
  if (!isAsKnown) return 'charge_changed';
  return settled && settlementMissing(payment, attempt) ? 'settlement' : undefined;
};

/** A charge tells totals, not by which capture or refund they came to be: where they are not ours, the gateway is to look. */
export const applyCharge: Handler<ChargeNews> = async (news, heard, desk) => {
  const { processorPaymentId, currency, claim } = news;
  if (processorPaymentId === undefined) throw ignored('unused_object');
  const found = await paymentOf(desk, { processorPaymentId, claim, account: heard.account, currency });
  const { at } = heard;
  return recordHeard(desk, heard, payments, found, (state, lookupId): PaymentFact[] => {
    const reason = reasonToLook(state, found.attempt, news, processorPaymentId);
    return reason === undefined ? [] : [{ type: 'RequestPaymentLookup', lookupId, processorPaymentId, reason, at }];
  });
};
