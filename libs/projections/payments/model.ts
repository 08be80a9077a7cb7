import type { PaymentEvent } from '#domain/payment';
import { statusOf } from '#domain/payment';

import { foldedReadModel } from '../tables/folded-table.js';
import type { Place, ReadModel } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';
import type { ShownPayment } from './fold.js';
import { evolveShownPayment, initialShownPayment } from './fold.js';

/** rm_payment: every payment as its stream folds, listed by status, customer, order and time. */
export const paymentsReadModel = (place: Place = 'live'): ReadModel =>
  foldedReadModel<ShownPayment>(
    {
      name: 'payments',
      table: 'rm_payment',
      id: 'payment_id',
      idOf: idInStream('payment'),
      wholeStream: true,
      initial: initialShownPayment,
      evolve: (payment, { event }) => evolveShownPayment(payment, event as PaymentEvent),
      columns: [
        { name: 'customer_id', type: 'uuid', of: (payment) => payment.customerId },
        { name: 'order_id', type: 'text', of: (payment) => payment.orderId ?? null },
        { name: 'status', type: 'text', of: statusOf },
        { name: 'created_at', type: 'timestamptz', of: (payment) => payment.createdAt },
      ],
    },
    place,
  );
