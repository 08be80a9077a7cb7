import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { getOf, listOf, mapPage } from '../listing/list.js';
import type { Page, Versioned } from '../listing/page.js';
import type { RefundStatus, RefundView, ShownRefund } from './view.js';
import { refundView } from './view.js';

export interface RefundFilter extends ListRequest {
  paymentId?: string;
  status?: RefundStatus;
}

export const listedRefunds: Listed = {
  name: 'refunds',
  table: 'rm_refund',
  id: 'refund_id',
  filters: {
    paymentId: { sql: 'payment_id = ?::uuid', type: 'uuid' },
    status: { sql: 'status = ?', type: 'text' },
  },
};

const get = getOf<ShownRefund>(listedRefunds);
const list = listOf<ShownRefund>(listedRefunds);

/** The refund and the version of its payment's stream at its last change; undefined when the tenant has none of that id. */
export const getRefund = async (
  pool: Pool,
  tenantId: string,
  refundId: string,
): Promise<Versioned<RefundView> | undefined> => {
  const found = await get(pool, tenantId, refundId);
  return found && { version: found.version, value: refundView(found.value) };
};

/** The tenant's refunds, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listRefunds = async (pool: Pool, tenantId: string, filter: RefundFilter): Promise<Page<RefundView>> =>
  mapPage(await list(pool, tenantId, { ...filter }), refundView);
