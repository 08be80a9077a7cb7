import type { PaymentMethod, PaymentMethodEvent } from '#domain/payment-method';
import { evolvePaymentMethod, initialPaymentMethod } from '#domain/payment-method';

import { foldedReadModel } from '../tables/folded-table.js';
import type { Place, ReadModel } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';

/** rm_payment_method: every payment method, details sealed as in the log, listed by customer and time. */
export const paymentMethodsReadModel = (place: Place = 'live'): ReadModel =>
  foldedReadModel<PaymentMethod>(
    {
      name: 'payment-methods',
      table: 'rm_payment_method',
      id: 'payment_method_id',
      idOf: idInStream('payment_method'),
      wholeStream: true,
      initial: initialPaymentMethod,
      evolve: (method, { event }) => evolvePaymentMethod(method, event as PaymentMethodEvent),
      columns: [
        { name: 'customer_id', type: 'uuid', of: (method) => method.customerId },
        { name: 'created_at', type: 'timestamptz', of: (method) => method.createdAt },
      ],
    },
    place,
  );
