import type { PaymentStatus } from '#domain/payment';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { getOf, listOf, mapPage } from '../listing/list.js';
import type { Page, Versioned } from '../listing/page.js';
import type { ShownPayment } from './fold.js';
import type { PaymentView } from './view.js';
import { paymentView } from './view.js';

export interface PaymentFilter extends ListRequest {
  status?: PaymentStatus;
  customerId?: string;
  orderId?: string;
}

export const listedPayments: Listed = {
  name: 'payments',
  table: 'rm_payment',
  id: 'payment_id',
  filters: {
    status: { sql: 'status = ?', type: 'text' },
    customerId: { sql: 'customer_id = ?::uuid', type: 'uuid' },
    orderId: { sql: 'order_id = ?', type: 'text' },
  },
};

const get = getOf<ShownPayment>(listedPayments);
const list = listOf<ShownPayment>(listedPayments);

/** The payment and its stream version; undefined when the tenant has none of that id. */
export const getPayment = async (
  pool: Pool,
  tenantId: string,
  paymentId: string,
): Promise<Versioned<PaymentView> | undefined> => {
  const found = await get(pool, tenantId, paymentId);
  return found && { version: found.version, value: paymentView(found.value) };
};

/** The tenant's payments, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listPayments = async (pool: Pool, tenantId: string, filter: PaymentFilter): Promise<Page<PaymentView>> =>
  mapPage(await list(pool, tenantId, { ...filter }), paymentView);
