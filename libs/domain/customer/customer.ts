import { changed, further } from '../join.js';
import { Refusal } from '../refusal.js';
import type { CreateCustomer, CustomerCommand, FailCustomerRegistration, RegisterCustomer } from './commands.js';
import type { CustomerEvent } from './events.js';

export type Registration = { phase: 'pending' } | { phase: 'failed'; code: string } | { phase: 'registered' };

export interface Customer {
  /** Empty until created. */
  customerId: string;
  /** Sealed text. */
  personal: string;
  registration: Registration;
  /** Sorted. One, unless the processor registered the customer twice: payments use the first. */
  processorCustomerIds: readonly string[];
  createdAt: string;
}

export const initialCustomer: Customer = {
  customerId: '',
  personal: '',
  registration: { phase: 'pending' },
  processorCustomerIds: [],
  createdAt: '',
};

export class CustomerNotFound extends Refusal {
  constructor() {
    super('customer_not_found', 'not_found', 'there is no such customer; create it first', { field: 'customerId' });
  }
}

const rank = { pending: 0, failed: 1, registered: 2 };

/** Folds one event into the customer. A registration, once there, outlives a late failure. */
export const evolveCustomer = (customer: Customer, event: CustomerEvent): Customer => {
  switch (event.type) {
    case 'CustomerCreated':
      return { ...customer, customerId: event.customerId, personal: event.personal, createdAt: event.at };
    case 'CustomerRegistered': {
      const ids = customer.processorCustomerIds;
      const known = ids.includes(event.processorCustomerId);
      return changed(customer, {
        registration: further<Registration>(rank, customer.registration, { phase: 'registered' }),
        processorCustomerIds: known ? ids : [...ids, event.processorCustomerId].sort(),
      });
    }
    case 'CustomerRegistrationFailed':
      return changed(customer, {
        registration: further<Registration>(rank, customer.registration, { phase: 'failed', code: event.code }),
      });
    case 'DriftDetected':
      return customer;
  }
};

export const foldCustomer = (events: Iterable<CustomerEvent>): Customer => {
  let customer = initialCustomer;
  for (const event of events) customer = evolveCustomer(customer, event);
  return customer;
};

/** The processor's id of the customer, once registered. */
export const processorCustomerIdOf = (customer: Customer): string | undefined => customer.processorCustomerIds[0];

/** Throws CustomerNotFound unless the customer was created. */
export const assertCustomerExists = (customer: Customer): void => {
  if (customer.customerId === '') throw new CustomerNotFound();
};

/** Creates a customer. Its id derives from the command, so a customer that exists is this one: a repeat. */
export const createCustomer = (command: CreateCustomer, customer: Customer): CustomerEvent[] => {
  if (customer.customerId !== '') return [];
  return [{ type: 'CustomerCreated', customerId: command.customerId, personal: command.personal, at: command.at }];
};

/** Records that the processor knows the customer. A second processor id is recorded and flagged. */
export const registerCustomer = (command: RegisterCustomer, customer: Customer): CustomerEvent[] => {
  assertCustomerExists(customer);
  const { processorCustomerId, at } = command;
  if (customer.processorCustomerIds.includes(processorCustomerId)) return [];
  const recorded: CustomerEvent = { type: 'CustomerRegistered', processorCustomerId, at };
  if (customer.processorCustomerIds.length === 0) return [recorded];
  return [
    recorded,
    {
      type: 'DriftDetected',
      fact: 'CustomerRegistered',
      rule: 'customer_registered_twice',
      details: { customerId: customer.customerId, processorCustomerId },
      at,
    },
  ];
};

/** Records that the processor refused to register the customer. Stale once it is registered. */
export const failCustomerRegistration = (command: FailCustomerRegistration, customer: Customer): CustomerEvent[] => {
  assertCustomerExists(customer);
  const event: CustomerEvent = { type: 'CustomerRegistrationFailed', code: command.code, at: command.at };
  return evolveCustomer(customer, event) === customer ? [] : [event];
};

/** Decides any command of the customer. Throws CustomerNotFound for a fact about a customer that was never created. */
export const decideCustomer = (command: CustomerCommand, customer: Customer): CustomerEvent[] => {
  switch (command.type) {
    case 'CreateCustomer':
      return createCustomer(command, customer);
    case 'RegisterCustomer':
      return registerCustomer(command, customer);
    case 'FailCustomerRegistration':
      return failCustomerRegistration(command, customer);
  }
};
