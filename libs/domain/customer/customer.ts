import type { DriftRule } from '../drift.js';
import { changed, further, joinInto } from '../join.js';
import { Refusal } from '../refusal.js';
import type {
  ClearDefaultPaymentMethod,
  CreateCustomer,
  CustomerCommand,
  FailCustomerRegistration,
  RecordCustomerDeleted,
  RecordFinancialAccount,
  RegisterCustomer,
  SetDefaultPaymentMethod,
} from './commands.js';
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
  /** Those that were deleted at the processor. Sorted; absent where none was, as in states that were stored before. */
  deletedProcessorCustomerIds?: readonly string[];
  /** Whether a bank account is connected, by its id at the processor. */
  financialAccounts?: Readonly<Record<string, boolean>>;
  /** What is offered first; absent where nobody has chosen, or it was taken from the customer. */
  defaultPaymentMethodId?: string;
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

/** `ids` with `id`, sorted; the same list where it is in it. */
const including = (ids: readonly string[], id: string): readonly string[] =>
  ids.includes(id) ? ids : [...ids, id].sort();

/** Folds one event into the customer. A registration, once there, outlives a late failure. */
export const evolveCustomer = (customer: Customer, event: CustomerEvent): Customer => {
  switch (event.type) {
    case 'CustomerCreated':
      return { ...customer, customerId: event.customerId, personal: event.personal, createdAt: event.at };
    case 'CustomerRegistered':
      return changed(customer, {
        registration: further<Registration>(rank, customer.registration, { phase: 'registered' }),
        processorCustomerIds: including(customer.processorCustomerIds, event.processorCustomerId),
      });
    case 'CustomerRegistrationFailed':
      return changed(customer, {
        registration: further<Registration>(rank, customer.registration, { phase: 'failed', code: event.code }),
      });
    case 'CustomerDeletedAtProcessor': {
      const deleted = including(customer.deletedProcessorCustomerIds ?? [], event.processorCustomerId);
      return changed(customer, { deletedProcessorCustomerIds: deleted });
    }
    case 'FinancialAccountReported': {
      const { processorFinancialAccountId, connected } = event;
      const accounts = customer.financialAccounts ?? {};
      const join = (a: boolean, b: boolean) => a && b;
      return changed(customer, {
        financialAccounts: joinInto(accounts, processorFinancialAccountId, connected, join),
      });
    }
    case 'CustomerDefaultPaymentMethodSet':
      return changed(customer, { defaultPaymentMethodId: event.paymentMethodId });
    case 'CustomerDefaultPaymentMethodCleared': {
      if (customer.defaultPaymentMethodId !== event.paymentMethodId) return customer;
      const { defaultPaymentMethodId: _, ...rest } = customer;
      return rest;
    }
    case 'DriftDetected':
      return customer;
  }
};

export const foldCustomer = (events: Iterable<CustomerEvent>): Customer => {
  let customer = initialCustomer;
  for (const event of events) customer = evolveCustomer(customer, event);
  return customer;
};

/** The processor's id of the customer: once registered, and unless it was deleted there. */
export const processorCustomerIdOf = (customer: Customer): string | undefined =>
  customer.processorCustomerIds.find((id) => !customer.deletedProcessorCustomerIds?.includes(id));

/** Throws CustomerNotFound unless the customer was created. */
export const assertCustomerExists = (customer: Customer): void => {
  if (customer.customerId === '') throw new CustomerNotFound();
};

/** Creates a customer. Its id derives from the command, so a customer that exists is this one: a repeat. */
export const createCustomer = (command: CreateCustomer, customer: Customer): CustomerEvent[] => {
  if (customer.customerId !== '') return [];
  return [{ type: 'CustomerCreated', customerId: command.customerId, personal: command.personal, at: command.at }];
};

/** Records that the processor knows the customer. A second processor id is recorded, and flagged beside a first one. */
export const registerCustomer = (command: RegisterCustomer, customer: Customer): CustomerEvent[] => {
  assertCustomerExists(customer);
  const { processorCustomerId, at } = command;
  if (customer.processorCustomerIds.includes(processorCustomerId)) return [];
  const recorded: CustomerEvent = { type: 'CustomerRegistered', processorCustomerId, at };
  if (processorCustomerIdOf(customer) === undefined) return [recorded];
  return [
    recorded,
    {
      type: 'DriftDetected',
      fact: 'CustomerRegistered',
      rule: 'customer_registered_twice' satisfies DriftRule,
      details: { customerId: customer.customerId, processorCustomerId },
      at,
    },
  ];
};

/** Records a fact, once: what adds nothing gives []. Throws CustomerNotFound. */
const record = (customer: Customer, event: CustomerEvent): CustomerEvent[] => {
  assertCustomerExists(customer);
  return evolveCustomer(customer, event) === customer ? [] : [event];
};

/** Records that the processor refused to register the customer. Stale once it is registered. */
export const failCustomerRegistration = (command: FailCustomerRegistration, customer: Customer): CustomerEvent[] => {
  const { code, at } = command;
  return record(customer, { type: 'CustomerRegistrationFailed', code, at });
};

/** Records that the customer was deleted at the processor: of the registrations that are left the first counts, if there is one. */
export const recordCustomerDeleted = (fact: RecordCustomerDeleted, customer: Customer): CustomerEvent[] => {
  const { processorCustomerId, at } = fact;
  return record(customer, { type: 'CustomerDeletedAtProcessor', processorCustomerId, at });
};

/** Records that a bank account is connected, or no longer is: one that ended does not come back. */
export const recordFinancialAccount = (fact: RecordFinancialAccount, customer: Customer): CustomerEvent[] => {
  const { processorFinancialAccountId, connected, at } = fact;
  return record(customer, { type: 'FinancialAccountReported', processorFinancialAccountId, connected, at });
};

/** Chooses what is offered first. What is so already gives []. Throws CustomerNotFound. */
export const setDefaultPaymentMethod = (command: SetDefaultPaymentMethod, customer: Customer): CustomerEvent[] => {
  const { paymentMethodId, at } = command;
  return record(customer, { type: 'CustomerDefaultPaymentMethodSet', paymentMethodId, at });
};

/** Records that the default was taken from the customer; of any other payment method it says nothing. */
export const clearDefaultPaymentMethod = (fact: ClearDefaultPaymentMethod, customer: Customer): CustomerEvent[] => {
  const { paymentMethodId, at } = fact;
  return record(customer, { type: 'CustomerDefaultPaymentMethodCleared', paymentMethodId, at });
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
    case 'RecordCustomerDeleted':
      return recordCustomerDeleted(command, customer);
    case 'RecordFinancialAccount':
      return recordFinancialAccount(command, customer);
    case 'SetDefaultPaymentMethod':
      return setDefaultPaymentMethod(command, customer);
    case 'ClearDefaultPaymentMethod':
      return clearDefaultPaymentMethod(command, customer);
  }
};
