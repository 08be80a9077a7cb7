import type { Customer } from '#domain/customer';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { getOf, listOf } from '../listing/list.js';
import type { Page, Versioned } from '../listing/page.js';

export const listedCustomers: Listed = { name: 'customers', table: 'rm_customer', id: 'customer_id', filters: {} };

const get = getOf<Customer>(listedCustomers);
const list = listOf<Customer>(listedCustomers);

/** The customer, personal data still sealed, and its stream version; undefined when the tenant has none of that id. */
export const getCustomer = (
  pool: Pool,
  tenantId: string,
  customerId: string,
): Promise<Versioned<Customer> | undefined> => get(pool, tenantId, customerId);

/** The tenant's customers, personal data still sealed, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listCustomers = (pool: Pool, tenantId: string, filter: ListRequest): Promise<Page<Customer>> =>
  list(pool, tenantId, { ...filter });
