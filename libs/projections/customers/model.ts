import type { Customer, CustomerEvent } from '#domain/customer';
import { evolveCustomer, initialCustomer } from '#domain/customer';

import { foldedReadModel } from '../tables/folded-table.js';
import type { Place, ReadModel } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';

/** rm_customer: every customer, personal data sealed as in the log, listed by time. */
export const customersReadModel = (place: Place = 'live'): ReadModel =>
  foldedReadModel<Customer>(
    {
      name: 'customers',
      table: 'rm_customer',
      id: 'customer_id',
      idOf: idInStream('customer'),
      wholeStream: true,
      initial: initialCustomer,
      evolve: (customer, { event }) => evolveCustomer(customer, event as CustomerEvent),
      columns: [{ name: 'created_at', type: 'timestamptz', of: (customer) => customer.createdAt }],
    },
    place,
  );
