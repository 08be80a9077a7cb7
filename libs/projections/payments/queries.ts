import type { PaymentStatus } from '#domain/payment';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { listOf, mapPage } from '../listing/list.js';
import type { Page } from '../listing/page.js';
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

const list = listOf<ShownPayment>(listedPayments);

/** The tenant's payments, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listPayments = async (pool: Pool, tenantId: string, filter: PaymentFilter): Promise<Page<PaymentView>> =>
  mapPage(await list(pool, tenantId, { ...filter }), paymentView);
