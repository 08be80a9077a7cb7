import type { Attempt, CaptureMethod, PaymentStatus } from '#domain/payment';
import { capturable, captured, latestAttempt, refunded, refundsPending, statusOf } from '#domain/payment';

import type { RefundView } from '../refunds/view.js';
import { refundOf, refundView } from '../refunds/view.js';
import type { ShownPayment } from './fold.js';

/** A refund inside its payment. */
export type PaymentRefundView = Omit<RefundView, 'paymentId' | 'currency'>;

/** A payment as the outside sees it. Amounts are minor units of `currency`; times are RFC 3339. */
export interface PaymentView {
  id: string;
  status: PaymentStatus;
  amount: number;
  /** Lower-case ISO 4217. */
  currency: string;
  captureMethod: CaptureMethod;
  customerId: string;
  /** The newest attempt's; null where the payer presented one for it alone. */
  paymentMethodId: string | null;
  orderId: string | null;
  amountCapturable: number;
  amountCaptured: number;
  amountRefunded: number;
  /** Asked for and not returned yet. */
  amountRefundsPending: number;
  /** Number of the newest attempt; 0 before the first. */
  attempt: number;
  /** Why the newest attempt failed, if it did. */
  failure: { code: string; declineCode: string | null } | null;
  /** What the payer has to do, if anything. */
  nextAction: { type: string } | null;
  processorPaymentId: string | null;
  /** Oldest first. */
  refunds: PaymentRefundView[];
  createdAt: string;
}

const failureOf = (attempt: Attempt | undefined): PaymentView['failure'] =>
  attempt?.stage.phase === 'failed'
    ? { code: attempt.stage.code, declineCode: attempt.stage.declineCode ?? null }
    : null;

const nextActionOf = (attempt: Attempt | undefined): PaymentView['nextAction'] =>
  attempt?.stage.phase === 'action_required' ? { type: attempt.stage.action } : null;

const byAge = (a: PaymentRefundView, b: PaymentRefundView): number =>
  Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1);

const refundsOf = (payment: ShownPayment): PaymentRefundView[] =>
  Object.keys(payment.refunds)
    .flatMap((refundId) => refundOf(payment, refundId) ?? [])
    .map((refund) => {
      const { paymentId: _payment, currency: _currency, ...view } = refundView(refund);
      return view;
    })
    .sort(byAge);

/** Shows a payment that exists; pure, so that a query and the answer to a command show the same. */
export const paymentView = (payment: ShownPayment): PaymentView => {
  const attempt = latestAttempt(payment);
  return {
    id: payment.paymentId,
    status: statusOf(payment),
    amount: payment.amount,
    currency: payment.currency,
    captureMethod: payment.captureMethod,
    customerId: payment.customerId,
    paymentMethodId: (attempt?.requested?.presented ? undefined : attempt?.requested?.paymentMethodId) ?? null,
    orderId: payment.orderId ?? null,
    amountCapturable: capturable(payment),
    amountCaptured: captured(payment),
    amountRefunded: refunded(payment),
    amountRefundsPending: refundsPending(payment),
    attempt: attempt?.attempt ?? 0,
    failure: failureOf(attempt),
    nextAction: nextActionOf(attempt),
    processorPaymentId: attempt?.processorPaymentId ?? null,
    refunds: refundsOf(payment),
    createdAt: payment.createdAt,
  };
};
