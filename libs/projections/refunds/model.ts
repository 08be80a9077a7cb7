import type { PaymentEvent, Refund } from '#domain/payment';
import { evolve, initialPayment } from '#domain/payment';

import { foldedReadModel } from '../tables/folded-table.js';
import type { Place, ProjectedEvent, ReadModel } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';
import type { ShownRefund } from './view.js';
import { refundStatus } from './view.js';

const paymentIdOf = idInStream('payment');

/** Absent before the first event that names the refund. */
type RowState = ShownRefund | null;

const refundIdOf = ({ event }: ProjectedEvent): string | undefined =>
  'refundId' in event ? (event as { refundId: string }).refundId : undefined;

/** Folds as the payment would: only a payment's `refunds` say how the reports about a refund join. */
const evolveRefund = (before: RowState, recorded: ProjectedEvent): ShownRefund => {
  const event = recorded.event as Extract<PaymentEvent, { refundId: string }>;
  const { refundId, currency, at } = event;
  const refunds = before ? { [refundId]: before.refund } : {};
  const refund = evolve({ ...initialPayment, refunds }, event).refunds[refundId] as Refund;
  if (before) return { ...before, refund };
  return { paymentId: String(paymentIdOf(recorded)), currency, createdAt: at, refund };
};

/** rm_refund: every refund, listed by payment, status and time. */
export const refundsReadModel = (place: Place = 'live'): ReadModel =>
  foldedReadModel<RowState>(
    {
      name: 'refunds',
      table: 'rm_refund',
      id: 'refund_id',
      idOf: refundIdOf,
      wholeStream: false,
      initial: null,
      evolve: evolveRefund,
      columns: [
        { name: 'payment_id', type: 'uuid', of: (state) => (state as ShownRefund).paymentId },
        { name: 'status', type: 'text', of: (state) => refundStatus((state as ShownRefund).refund) },
        { name: 'created_at', type: 'timestamptz', of: (state) => (state as ShownRefund).createdAt },
      ],
    },
    place,
  );
