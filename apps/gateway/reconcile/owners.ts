import type { Pool } from 'pg';

/** One of our objects that the processor may mean by an id of its own. A candidate, until its stream says so too. */
export interface Owner {
  tenantId: string;
  objectId: string;
}

const ownersSql = `select tenant_id, object_id from billing.rm_processor_object
  where processor_id = $1 and kind = 'payment' order by tenant_id, object_id limit 1`;

/** Whose payment the processor's may be. */
export const paymentOwner = async (pool: Pool, processorPaymentId: string): Promise<Owner | undefined> => {
  const { rows } = await pool.query<{ tenant_id: string; object_id: string }>(ownersSql, [processorPaymentId]);
  return rows[0] && { tenantId: rows[0].tenant_id, objectId: rows[0].object_id };
};

/** An account at the processor that is linked to a tenant. */
export interface LinkedAccount extends Owner {
  processorAccountId: string;
}

const accountsSql = `select tenant_id, object_id, processor_id from billing.rm_processor_object
  where kind = 'connected_account' and (processor_id, tenant_id, object_id) > ($1, $2, $3)
  order by processor_id, tenant_id, object_id limit 100`;

const nobody = '00000000-0000-0000-0000-000000000000';

/** The accounts that are linked, by their ids at the processor, a hundred at a time; those after an id where one is given. */
export async function* linkedAccounts(pool: Pool, after = ''): AsyncGenerator<LinkedAccount, void, undefined> {
  // After an account: no row of it sorts beyond the largest id.
  let last = [after, after === '' ? nobody : nobody.replaceAll('0', 'f'), nobody.replaceAll('0', 'f')];
  for (;;) {
    const { rows } = await pool.query<{ tenant_id: string; object_id: string; processor_id: string }>(
      accountsSql,
      last,
    );
    for (const { tenant_id: tenantId, object_id: objectId, processor_id: processorAccountId } of rows) {
      yield { tenantId, objectId, processorAccountId };
      last = [processorAccountId, tenantId, objectId];
    }
    if (rows.length === 0) return;
  }
}
