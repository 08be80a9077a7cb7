import type { OpenWord } from './generated/events.js';

export type PaymentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'in_review'
  | 'authorized'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'partially_refunded'
  | 'refunded'
  | 'disputed';

/** A refund inside its payment. `amount` is minor units. */
export interface PaymentRefund {
  id: string;
  amount: number;
  status: 'pending' | 'succeeded' | 'failed';
  reason: string | null;
  failureCode: string | null;
  createdAt: string;
}

/** A payment as `GET /v1/payments/:id` answers it. Amounts are minor units of `currency`; times are RFC 3339. */
export interface Payment {
  id: string;
  status: OpenWord<PaymentStatus>;
  amount: number;
  /** Lower-case ISO 4217. */
  currency: string;
  captureMethod: 'automatic' | 'manual';
  customerId: string;
  /** The newest attempt's. */
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
  refunds: PaymentRefund[];
  createdAt: string;
}
