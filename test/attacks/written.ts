import type { TestDatabase } from '../database/index.js';

/** Everything that has come of commands, over all tenants: events by type but for access records, and what else they write. */
export const written = async ({ admin }: TestDatabase): Promise<unknown> => {
  const { rows } = await admin.query<{ state: unknown }>(`
    select json_build_object(
      'events', (select json_object_agg(type, count order by type) from (
        select type, count(*) from billing.event where type not in ('AccessDenied', 'PrivilegedAccessGranted') group by type) e),
      'claims', (select count(*) from billing.claim),
      'tokens', (select count(*) from billing.processor_token),
      'accounts', (select count(*) from billing.connected_account_holder),
      'tenants', (select json_agg(t order by t.id) from billing.tenant t)) as state`);
  return rows[0]?.state;
};
