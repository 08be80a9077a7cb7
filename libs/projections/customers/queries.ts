import type { Customer } from '#domain/customer';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { listOf } from '../listing/list.js';
import type { Page } from '../listing/page.js';

export const listedCustomers: Listed = {
  name: 'customers',
  table: 'rm_customer',
  id: 'customer_id',
  filters: { customerId: { sql: 'customer_id = ?::uuid', type: 'uuid' } },
};

const list = listOf<Customer>(listedCustomers);

export interface CustomerFilter extends ListRequest {
  /** One at most. */
  customerId?: string;
}

/** The tenant's customers, personal data still sealed, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listCustomers = (pool: Pool, tenantId: string, filter: CustomerFilter): Promise<Page<Customer>> =>
  list(pool, tenantId, { ...filter });
