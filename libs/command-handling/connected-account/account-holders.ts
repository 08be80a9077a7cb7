import { withTenant } from '#access/tenancy';
import { Refusal } from '#domain';
import type { Pool } from 'pg';

/** Another tenant has the account. Says nothing of which. */
export class ConnectedAccountHeldElsewhere extends Refusal {
  constructor(processorAccountId: string) {
    super(
      'connected_account_already_linked',
      'conflict',
      `${processorAccountId} is linked to another tenant; an account belongs to one tenant for good`,
      { field: 'processorAccountId' },
    );
  }
}

/** Which tenant has which account at the processor: one each, whoever asks at the same time. */
export class AccountHolders {
  readonly #pool: Pool;

  /** `pool` logs in as billing_api: migrations/0017_connected_accounts.sql. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Holds the account for the tenant, for good; again is the same. Throws ConnectedAccountHeldElsewhere. */
  async hold(tenantId: string, processorAccountId: string): Promise<void> {
    const { rows } = await withTenant(this.#pool, tenantId, (client) =>
      client.query<{ held: boolean }>({
        name: 'hold_connected_account',
        text: `select billing.hold_connected_account('stripe', $1) as held`,
        values: [processorAccountId],
      }),
    );
    if (rows[0]?.held !== true) throw new ConnectedAccountHeldElsewhere(processorAccountId);
  }
}
