import { foldCustomer } from '#domain/customer';

import { customerView } from './view.js';

const at = '2026-11-01T10:00:00.000Z';
const customer = foldCustomer([
  { type: 'CustomerCreated', customerId: 'c1', personal: 'sealed', at },
  { type: 'CustomerRegistered', processorCustomerId: 'cus_1', at },
]);

describe('what is shown of a customer', () => {
  it('with opened personal data', () => {
    expect(customerView(customer, { email: 'a@example.com', address: { city: 'Bonn' } })).toEqual({
      id: 'c1',
      email: 'a@example.com',
      name: null,
      address: { city: 'Bonn' },
      status: 'registered',
      processorCustomerId: 'cus_1',
      defaultPaymentMethodId: null,
      createdAt: at,
    });
  });

  it('once deleted at the processor: that it has no id there any more', () => {
    const deleted = foldCustomer([
      { type: 'CustomerCreated', customerId: 'c1', personal: 'sealed', at },
      { type: 'CustomerRegistered', processorCustomerId: 'cus_1', at },
      { type: 'CustomerDeletedAtProcessor', processorCustomerId: 'cus_1', at },
    ]);
    expect(customerView(deleted, { email: 'a@example.com' })).toMatchObject({
      email: 'a@example.com',
      status: 'deleted',
      processorCustomerId: null,
    });
    expect(customerView(deleted, 'erased')).toMatchObject({ status: 'erased' });
  });

  it('once erased: that there was one', () => {
    expect(customerView(customer, 'erased')).toMatchObject({
      email: null,
      name: null,
      address: null,
      status: 'erased',
    });
  });
});
