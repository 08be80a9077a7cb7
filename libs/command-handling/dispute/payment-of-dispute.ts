import { DisputeNotFound } from '#domain/payment';
import type { TenantShards } from '#event-store';
import { CheckpointWatch } from '#log';
import { readModelsConsumer } from '#projections';
import { getDispute } from '#projections/disputes';
import type { Pool } from 'pg';

import { ReadModelBehind } from '../refusals.js';

/** How long a caller waits who heard of a dispute before the read models did. */
const patienceMs = 1_000;

/** Finds the payment that a dispute is about. Only that: what may be done about the dispute, its payment's stream decides. */
export class PaymentOfDispute {
  readonly #pool: Pool;
  readonly #shards: TenantShards;
  readonly #watch: CheckpointWatch;

  constructor(pool: Pool, shards: TenantShards) {
    this.#pool = pool;
    this.#shards = shards;
    this.#watch = new CheckpointWatch(pool, readModelsConsumer);
  }

  /**
   * The payment's id. A caller may have the dispute from the log, so nothing is missing before the read models have all that the
   * log has now. Throws DisputeNotFound, or ReadModelBehind when they take longer than a second.
   */
  async find(tenantId: string, disputeId: string): Promise<string> {
    const known = await this.#known(tenantId, disputeId);
    if (known !== undefined) return known;
    const shard = await this.#shards.of(tenantId);
    if (!(await this.#watch.reached(shard, await this.#head(shard), patienceMs))) throw new ReadModelBehind();
    const found = await this.#known(tenantId, disputeId);
    if (found === undefined) throw new DisputeNotFound();
    return found;
  }

  async #known(tenantId: string, disputeId: string): Promise<string | undefined> {
    return (await getDispute(this.#pool, tenantId, disputeId))?.value.paymentId;
  }

  async #head(shard: number): Promise<number> {
    const { rows } = await this.#pool.query<{ position: string }>({
      name: 'log_head',
      text: 'select position from billing.log_head where shard = $1',
      values: [shard],
    });
    return Number(rows[0]?.position ?? 0);
  }
}
