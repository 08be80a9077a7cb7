import type { DisputeStatus } from '#domain/payment';
import type { Pool } from 'pg';

import type { Listed, ListRequest } from '../listing/list.js';
import { getOf, listOf, mapPage } from '../listing/list.js';
import type { Page, Versioned } from '../listing/page.js';
import type { ShownDispute } from './fold.js';
import type { DisputeView } from './view.js';
import { disputeView } from './view.js';

export interface DisputeFilter extends ListRequest {
  paymentId?: string;
  status?: DisputeStatus;
}

export const listedDisputes: Listed = {
  name: 'disputes',
  table: 'rm_dispute',
  id: 'dispute_id',
  filters: {
    paymentId: { sql: 'payment_id = ?::uuid', type: 'uuid' },
    status: { sql: 'status = ?', type: 'text' },
  },
};

const get = getOf<ShownDispute>(listedDisputes);
const list = listOf<ShownDispute>(listedDisputes);

/** The dispute and the version of its payment's stream at its last change; undefined when the tenant has none of that id. */
export const getDispute = async (
  pool: Pool,
  tenantId: string,
  disputeId: string,
): Promise<Versioned<DisputeView> | undefined> => {
  const found = await get(pool, tenantId, disputeId);
  return found && { version: found.version, value: disputeView(found.value) };
};

/** The tenant's disputes, newest first. Rejects with InvalidCursor, InvalidLimit, InvalidTime. */
export const listDisputes = async (pool: Pool, tenantId: string, filter: DisputeFilter): Promise<Page<DisputeView>> =>
  mapPage(await list(pool, tenantId, { ...filter }), disputeView);
