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

/** Fact: the processor has the customer no more. */
export interface RecordCustomerDeleted {
  type: 'RecordCustomerDeleted';
  processorCustomerId: string;
  at: string;
}

/** Fact: a bank account was connected, or is no more. A connection that has ended does not come back. */
export interface RecordFinancialAccount {
  type: 'RecordFinancialAccount';
  processorFinancialAccountId: string;
  connected: boolean;
  at: string;
}

/** Chooses what is offered first. Whether it is the customer's own, and attached, is for the caller to judge. */
export interface SetDefaultPaymentMethod {
  type: 'SetDefaultPaymentMethod';
  paymentMethodId: string;
  at: string;
}

/** Fact: the payment method was taken from the customer. */
export interface ClearDefaultPaymentMethod {
  type: 'ClearDefaultPaymentMethod';
  paymentMethodId: string;
  at: string;
}

export type CustomerFact =
  | RegisterCustomer
  | FailCustomerRegistration
  | RecordCustomerDeleted
  | RecordFinancialAccount
  | ClearDefaultPaymentMethod;

export type CustomerCommand = CreateCustomer | SetDefaultPaymentMethod | CustomerFact;
