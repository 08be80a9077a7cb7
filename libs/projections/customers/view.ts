import type { Customer } from '#domain/customer';
import { processorCustomerIdOf } from '#domain/customer';

/** What `CustomerCreated.personal` seals, opened by a caller who may. */
export interface CustomerPersonalData {
  email: string;
  name?: string;
  address?: Readonly<Record<string, unknown>>;
}

/** `deleted` once the processor has the customer no more, `erased` once the keys of the person are gone. */
export type CustomerStatus = 'pending' | 'registered' | 'failed' | 'deleted' | 'erased';

/** A customer as the outside sees it. The personal fields are null once erased. */
export interface CustomerView {
  id: string;
  email: string | null;
  name: string | null;
  address: Readonly<Record<string, unknown>> | null;
  /** Whether the processor knows the customer. */
  status: CustomerStatus;
  processorCustomerId: string | null;
  /** The payment method that is offered first; null where nobody has chosen one, or it was detached. */
  defaultPaymentMethodId: string | null;
  createdAt: string;
}

const statusOf = (customer: Customer): CustomerStatus => {
  const { phase } = customer.registration;
  return phase === 'registered' && processorCustomerIdOf(customer) === undefined ? 'deleted' : phase;
};

/** Shows a customer with its opened personal data, or without once they are erased; pure. */
export const customerView = (customer: Customer, personal: CustomerPersonalData | 'erased'): CustomerView => {
  const known: Partial<CustomerPersonalData> = personal === 'erased' ? {} : personal;
  return {
    id: customer.customerId,
    email: known.email ?? null,
    name: known.name ?? null,
    address: known.address ?? null,
    status: personal === 'erased' ? 'erased' : statusOf(customer),
    processorCustomerId: processorCustomerIdOf(customer) ?? null,
    defaultPaymentMethodId: customer.defaultPaymentMethodId ?? null,
    createdAt: customer.createdAt,
  };
};
