import type { Keys } from '#keys';
import { clientSecretPlace } from '#keys';
import type { Pool } from 'pg';

/** How long a client secret is kept: the customer has finished by then, or starts anew. */
const keptMs = 23 * 3_600_000;

const storeSql = `insert into billing.client_secret (tenant_id, payment_id, attempt, sealed, expires_at) values ($1, $2, $3, $4, $5)
  on conflict (tenant_id, payment_id, attempt) do update set sealed = excluded.sealed, expires_at = excluded.expires_at`;

const purgeSql = `delete from billing.client_secret where (tenant_id, payment_id, attempt) in (
  select tenant_id, payment_id, attempt from billing.client_secret where expires_at < $1 limit $2)
  and expires_at < $1`;

/** What the customer's browser needs to finish an action. Sealed, for less than a day, and in no event, topic or log. */
export class ClientSecrets {
  readonly #pool: Pool;
  readonly #keys: Keys;

  constructor(pool: Pool, keys: Keys) {
    this.#pool = pool;
    this.#keys = keys;
  }

  async store(
    { tenantId, paymentId, attempt }: { tenantId: string; paymentId: string; attempt: number },
    secret: string,
    now: Date,
  ): Promise<void> {
    const sealed = await this.#keys.sealClientSecret(clientSecretPlace(tenantId, paymentId, attempt), secret);
    await this.#pool.query(storeSql, [tenantId, paymentId, attempt, sealed, new Date(now.getTime() + keptMs)]);
  }

  /** Removes what has expired, `limit` at most. Gives how many. */
  async purge(now: Date, limit: number): Promise<number> {
    return (await this.#pool.query(purgeSql, [now, limit])).rowCount ?? 0;
  }
}
