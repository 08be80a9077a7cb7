/** Time and ids come with the command. `personal` is sealed before it comes here. */
export interface CreateCustomer {
  type: 'CreateCustomer';
  customerId: string;
  personal: string;
  at: string;
}

/** Fact: the processor knows the customer under this id. */
export interface RegisterCustomer {
  type: 'RegisterCustomer';
  processorCustomerId: string;
  at: string;
}

/** Fact: the processor refused to register the customer. */
export interface FailCustomerRegistration {
  type: 'FailCustomerRegistration';
  code: string;
  at: string;
}

export type CustomerCommand = CreateCustomer | RegisterCustomer | FailCustomerRegistration;
