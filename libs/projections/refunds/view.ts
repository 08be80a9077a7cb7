import type { Refund } from '#domain/payment';

import type { ShownPayment } from '../payments/fold.js';

/** A refund with what it takes from its payment. */
export interface ShownRefund {
  paymentId: string;
  currency: string;
  /** RFC 3339: when it was asked for, or first reported. */
  createdAt: string;
  refund: Refund;
}

export type RefundStatus = 'pending' | 'succeeded' | 'failed';

/** A refund as the outside sees it. `amount` is minor units of `currency`, `createdAt` RFC 3339. */
export interface RefundView {
  id: string;
  paymentId: string;
  amount: number;
  currency: string;
  status: RefundStatus;
  reason: string | null;
  failureCode: string | null;
  createdAt: string;
}

/** The refund of that id within its payment; undefined for one it does not have. */
export const refundOf = (payment: ShownPayment, refundId: string): ShownRefund | undefined => {
  const refund = payment.refunds[refundId];
  const createdAt = payment.refundTimes[refundId];
  if (!refund || createdAt === undefined) return undefined;
  return { paymentId: payment.paymentId, currency: payment.currency, createdAt, refund };
};

/** `pending` until the processor has said how it ended. */
export const refundStatus = ({ stage }: Refund): RefundStatus =>
  stage.phase === 'requested' || stage.phase === 'pending' ? 'pending' : stage.phase;

/** Shows a refund; pure. */
export const refundView = ({ paymentId, currency, createdAt, refund }: ShownRefund): RefundView => ({
  id: refund.refundId,
  paymentId,
  amount: refund.amount,
  currency,
  status: refundStatus(refund),
  reason: refund.reason ?? null,
  failureCode: refund.stage.phase === 'failed' ? refund.stage.code : null,
  createdAt,
});
