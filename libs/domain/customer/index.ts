export type * from './commands.js';
export type * from './events.js';
export {
  CustomerNotFound,
  assertCustomerExists,
  createCustomer,
  decideCustomer,
  evolveCustomer,
  failCustomerRegistration,
  foldCustomer,
  initialCustomer,
  processorCustomerIdOf,
  recordCustomerDeleted,
  recordFinancialAccount,
  registerCustomer,
} from './customer.js';
export type { Customer, Registration } from './customer.js';
