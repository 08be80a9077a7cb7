import type { PaymentMethod } from '#domain/payment-method';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { listOf } from '../listing/list.js';
import type { Page } from '../listing/page.js';

export interface PaymentMethodFilter extends ListRequest {
  customerId: string;
}

export const listedPaymentMethods: Listed = {
  name: 'payment_methods',
  table: 'rm_payment_method',
  id: 'payment_method_id',
  filters: { customerId: { sql: 'customer_id = ?::uuid', type: 'uuid' } },
};

const list = listOf<PaymentMethod>(listedPaymentMethods);

/** A customer's payment methods, details still sealed, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listPaymentMethods = (
  pool: Pool,
  tenantId: string,
  filter: PaymentMethodFilter,
): Promise<Page<PaymentMethod>> => list(pool, tenantId, { ...filter });
