import { claimOf } from '../../claim.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

/** The customer as it was before it was deleted, or no more than its id. */
export const readCustomer: Reader = (customer) => {
  const processorCustomerId = customer.token('id');
  return newsOf({
    about: 'customer',
    change: 'deleted',
    processorCustomerId,
    claim: claimOf(customer, processorCustomerId),
  });
};
