import type { PaymentMethod } from '#domain/payment-method';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { getOf, listOf } from '../listing/list.js';
import type { Page, Versioned } from '../listing/page.js';

export interface PaymentMethodFilter extends ListRequest {
  customerId: string;
}

export const listedPaymentMethods: Listed = {
  name: 'payment_methods',
  table: 'rm_payment_method',
  id: 'payment_method_id',
  filters: { customerId: { sql: 'customer_id = ?::uuid', type: 'uuid' } },
};

const get = getOf<PaymentMethod>(listedPaymentMethods);
const list = listOf<PaymentMethod>(listedPaymentMethods);

/** The payment method, details still sealed, and its stream version; undefined when the tenant has none of that id. */
export const getPaymentMethod = (
  pool: Pool,
  tenantId: string,
  paymentMethodId: string,
): Promise<Versioned<PaymentMethod> | undefined> => get(pool, tenantId, paymentMethodId);

/** A customer's payment methods, details still sealed, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listPaymentMethods = (
  pool: Pool,
  tenantId: string,
  filter: PaymentMethodFilter,
): Promise<Page<PaymentMethod>> => list(pool, tenantId, { ...filter });
