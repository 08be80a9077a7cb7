import { specificationOf } from '../testing/given-when-then.js';
import {
  CustomerNotFound,
  decideCustomer,
  evolveCustomer,
  foldCustomer,
  initialCustomer,
  processorCustomerIdOf,
  type CustomerEvent,
} from './index.js';

const { given } = specificationOf({ initial: initialCustomer, evolve: evolveCustomer, decide: decideCustomer });

const at = '2026-11-01T10:00:00Z';
const created: CustomerEvent = { type: 'CustomerCreated', customerId: 'c1', personal: 'sealed', at };
const registered: CustomerEvent = { type: 'CustomerRegistered', processorCustomerId: 'cus_1', at };
const failed: CustomerEvent = { type: 'CustomerRegistrationFailed', code: 'email_invalid', at };

describe('a customer', () => {
  it('is created with sealed personal data', () => {
    given([]).when({ type: 'CreateCustomer', customerId: 'c1', personal: 'sealed', at }).then([created]);
  });
  it('is created once, even when a repeat seals the same data to another text', () => {
    given([created]).when({ type: 'CreateCustomer', customerId: 'c1', personal: 'sealed again', at }).thenNothing();
  });
  it('is registered at the processor once', () => {
    const register = { type: 'RegisterCustomer', processorCustomerId: 'cus_1', at } as const;
    given([created]).when(register).then([registered]);
    given([created, registered]).when(register).thenNothing();
  });
  it('that was refused can be registered later', () => {
    given([created, failed]).when({ type: 'RegisterCustomer', processorCustomerId: 'cus_1', at }).then([registered]);
    expect(foldCustomer([created, failed, registered]).registration).toEqual({ phase: 'registered' });
  });
  it('once registered, a late failure changes nothing', () => {
    const late = { type: 'FailCustomerRegistration', code: 'email_invalid', at } as const;
    given([created]).when(late).then([failed]);
    given([created, registered]).when(late).thenNothing();
  });
  it('registered twice is recorded and flagged, and both orders agree on the one that counts', () => {
    const again: CustomerEvent = { ...registered, type: 'CustomerRegistered', processorCustomerId: 'cus_0' };
    given([created, registered])
      .when({ type: 'RegisterCustomer', processorCustomerId: 'cus_0', at })
      .then([
        again,
        {
          type: 'DriftDetected',
          fact: 'CustomerRegistered',
          rule: 'customer_registered_twice',
          details: { customerId: 'c1', processorCustomerId: 'cus_0' },
          at,
        },
      ]);
    expect(processorCustomerIdOf(foldCustomer([created, registered, again]))).toBe('cus_0');
    expect(processorCustomerIdOf(foldCustomer([created, again, registered]))).toBe('cus_0');
  });
  it('deleted at the processor can be charged no more under that id, in whatever order it is told', () => {
    const remove = { type: 'RecordCustomerDeleted', processorCustomerId: 'cus_1', at } as const;
    const deleted: CustomerEvent = { type: 'CustomerDeletedAtProcessor', processorCustomerId: 'cus_1', at };
    given([created, registered]).when(remove).then([deleted]);
    given([created, registered, deleted]).when(remove).thenNothing();
    expect(processorCustomerIdOf(foldCustomer([created, registered, deleted]))).toBeUndefined();
    expect(foldCustomer([created, deleted, registered])).toEqual(foldCustomer([created, registered, deleted]));
  });
  it('registered anew after it was deleted is charged under the new id, which is no drift', () => {
    const deleted: CustomerEvent = { type: 'CustomerDeletedAtProcessor', processorCustomerId: 'cus_1', at };
    const anew: CustomerEvent = { ...registered, type: 'CustomerRegistered', processorCustomerId: 'cus_2' };
    given([created, registered, deleted])
      .when({ type: 'RegisterCustomer', processorCustomerId: 'cus_2', at })
      .then([anew]);
    expect(processorCustomerIdOf(foldCustomer([created, registered, deleted, anew]))).toBe('cus_2');
  });
  it('has bank accounts connected, until the connection ends', () => {
    const report = (connected: boolean) =>
      ({ type: 'RecordFinancialAccount', processorFinancialAccountId: 'fca_1', connected, at }) as const;
    const told = (connected: boolean): CustomerEvent => ({
      ...{ type: 'FinancialAccountReported', processorFinancialAccountId: 'fca_1', connected, at },
    });
    given([created])
      .when(report(true))
      .then([told(true)]);
    given([created, told(true)])
      .when(report(false))
      .then([told(false)]);
    given([created, told(false)])
      .when(report(true))
      .thenNothing();
  });
  it('is offered the payment method first that was chosen last', () => {
    const choose = (paymentMethodId: string) => ({ type: 'SetDefaultPaymentMethod', paymentMethodId, at }) as const;
    const chosen = (paymentMethodId: string): CustomerEvent => ({
      ...{ type: 'CustomerDefaultPaymentMethodSet', paymentMethodId, at },
    });
    given([]).when(choose('m1')).thenRefuses(CustomerNotFound);
    given([created])
      .when(choose('m1'))
      .then([chosen('m1')]);
    given([created, chosen('m1')])
      .when(choose('m1'))
      .thenNothing();
    given([created, chosen('m1')])
      .when(choose('m2'))
      .then([chosen('m2')]);
  });
  it('has no default once that is taken from it, and keeps it when another is', () => {
    const clear = (paymentMethodId: string) => ({ type: 'ClearDefaultPaymentMethod', paymentMethodId, at }) as const;
    const chosen: CustomerEvent = { type: 'CustomerDefaultPaymentMethodSet', paymentMethodId: 'm1', at };
    const cleared: CustomerEvent = { type: 'CustomerDefaultPaymentMethodCleared', paymentMethodId: 'm1', at };
    given([created, chosen]).when(clear('m1')).then([cleared]);
    given([created, chosen]).when(clear('m2')).thenNothing();
    given([created]).when(clear('m1')).thenNothing();
    expect(foldCustomer([created, chosen, cleared])).toEqual(foldCustomer([created]));
  });
  it('leaves a state that was stored before as it was', () => {
    expect(Object.keys(foldCustomer([created, registered])).sort()).toEqual(Object.keys(initialCustomer).sort());
  });
  it('that was never created has no facts', () => {
    given([]).when({ type: 'RegisterCustomer', processorCustomerId: 'cus_1', at }).thenRefuses(CustomerNotFound);
  });
});
