import {
  factsOfRefund,
  foreignRefundId,
  isReversed,
  isUnheardRefund,
  payments,
  refundIdOf,
} from '#command-handling/facts';
import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { Claim, ProcessorRefund, RefundNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored, quarantine } from '../verdict.js';
import type { FoundPayment } from '../whose/payment.js';
import { paymentOf } from '../whose/payment.js';
import type { Handler } from './handler.js';

/**
 * Which of the payment's refunds it is: the one that has this id of the processor's; or the one it claims to be, unless that is another
 * of the processor's, or of another charge; or one that we never asked for.
 */
const whichRefund = (
  { tenantId, state }: FoundPayment,
  { processorRefundId }: ProcessorRefund,
  { refundId: claimed }: Claim,
  processorPaymentId: string,
): string => {
  const known = refundIdOf(state, processorRefundId);
  const refundId = known ?? claimed ?? foreignRefundId(state.paymentId, processorRefundId);
  if (claimed === undefined) return refundId;
  const isThis = known === claimed || (known === undefined && isUnheardRefund(state, claimed, processorPaymentId));
  if (!isThis) throw quarantine('object_mismatch', tenantId);
  return refundId;
};

const requestOf = ({ events }: FoundPayment, refundId: string) =>
  events.find(({ event }) => {
    const asked = event as PaymentEvent;
    return asked.type === 'RefundRequested' && asked.refundId === refundId;
  });

/** Whether nothing has told of its success, and no call of our own is under way that will. */
const isNews = ({ refunds }: Payment, refundId: string): boolean => {
  const phase = refunds[refundId]?.stage.phase;
  return phase === undefined || phase === 'pending';
};

/** Whether a refund that is now told to have failed may have moved money before, which has come back. */
const mayHaveMoved = (state: Payment, refundId: string): boolean =>
  state.refunds[refundId]?.stage.phase !== 'failed' && !isReversed(state, refundId);

/** Records how a refund stands. Its settlement is looked for where it is not told and no call of our own is under way that fetches it. */
export const applyRefund: Handler<RefundNews> = async (
  { refund, processorPaymentId, currency, claim },
  heard,
  desk,
) => {
  if (processorPaymentId === undefined) throw ignored('unused_object');
  const { at, account } = heard;
  const found = await paymentOf(desk, { processorPaymentId, claim, account, currency });
  const refundId = whichRefund(found, refund, claim, processorPaymentId);
  return recordHeard(
    desk,
    heard,
    payments,
    found,
    (state, lookupId): readonly PaymentFact[] => {
      const { facts, settlement } = factsOfRefund({ refundId, processorPaymentId }, refund, at);
      if (!(refund.status === 'failed' ? mayHaveMoved(state, refundId) : settlement && isNews(state, refundId)))
        return facts;
      return [...facts, { type: 'RequestPaymentLookup', lookupId, processorPaymentId, reason: 'settlement', at }];
    },
    requestOf(found, refundId)?.metadata.correlationId,
  );
};
