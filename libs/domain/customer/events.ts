import type { DriftDetected } from '../drift.js';

/** Names and fields are a storage format: add optional fields, never rename. `at` is RFC 3339. */

export interface CustomerCreated {
  type: 'CustomerCreated';
  customerId: string;
  /** Sealed text (e-mail, name, address): opaque here, and the only place where it stands. */
  personal: string;
  at: string;
}

export interface CustomerRegistered {
  type: 'CustomerRegistered';
  processorCustomerId: string;
  at: string;
}

export interface CustomerRegistrationFailed {
  type: 'CustomerRegistrationFailed';
  code: string;
  at: string;
}

/** Somebody deleted the customer at the processor: it can be charged no more under that id. */
export interface CustomerDeletedAtProcessor {
  type: 'CustomerDeletedAtProcessor';
  processorCustomerId: string;
  at: string;
}

/** The customer has connected a bank account, or it is connected no more. */
export interface FinancialAccountReported {
  type: 'FinancialAccountReported';
  processorFinancialAccountId: string;
  connected: boolean;
  at: string;
}

/** The payment method that is offered first from now on. */
export interface CustomerDefaultPaymentMethodSet {
  type: 'CustomerDefaultPaymentMethodSet';
  paymentMethodId: string;
  at: string;
}

/** The default was taken from the customer: there is none until another is chosen. */
export interface CustomerDefaultPaymentMethodCleared {
  type: 'CustomerDefaultPaymentMethodCleared';
  paymentMethodId: string;
  at: string;
}

export type CustomerEvent =
  | CustomerCreated
  | CustomerRegistered
  | CustomerRegistrationFailed
  | CustomerDeletedAtProcessor
  | FinancialAccountReported
  | CustomerDefaultPaymentMethodSet
  | CustomerDefaultPaymentMethodCleared
  | DriftDetected;
