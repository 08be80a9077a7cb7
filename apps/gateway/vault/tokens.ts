import { ProcessorTokens } from '#command-handling/tokens';
import type { Keys } from '#keys';
import { processorTokenPlace } from '#keys';
import { MicroBatch } from '#platform/database';
import { tokenDigest } from '#processor';
import type { Pool } from 'pg';

import type { TakenCall } from '../calls/call.js';

interface Place {
  tenantId: string;
  paymentMethodId: string;
}

// Lateral with OFFSET 0: one index look-up for each, whatever the planner thinks of the table's size.
const readSql = `select w.ord::integer, t.sealed from unnest($1::uuid[], $2::uuid[]) with ordinality as w (tenant_id, id, ord)
  cross join lateral (
    select sealed from billing.processor_token t where t.tenant_id = w.tenant_id and t.payment_method_id = w.id offset 0) t`;

// In one statement: with the new token in place the old request cannot be repeated, so the call must know what it led to.
const replaceSql = `with replaced as (
    update billing.processor_token set sealed = $4, token_digest = $6, updated_at = $5 where tenant_id = $1 and payment_method_id = $2)
  update billing.processor_call set token_replaced = true where tenant_id = $1 and call_id = $3`;

const purgeSql = `delete from billing.processor_token where (tenant_id, payment_method_id) in (
  select tenant_id, payment_method_id from billing.processor_token where expires_at < now() limit $1) and expires_at < now()`;

const tokenPlace = ({ tenantId, paymentMethodId }: Place) => processorTokenPlace(tenantId, paymentMethodId);

/** The processor's tokens of payment methods, sealed in the database and open only for the length of a call. */
export class Tokens {
  readonly #pool: Pool;
  readonly #keys: Keys;
  readonly #made: ProcessorTokens;
  readonly #reads: MicroBatch<Place, string | undefined>;

  constructor(pool: Pool, keys: Keys) {
    this.#pool = pool;
    this.#keys = keys;
    this.#made = new ProcessorTokens(pool, keys);
    this.#reads = new MicroBatch((places) => this.#read(places));
  }

  /** The token of a payment method; undefined where there is none (any more). */
  async open(place: Place): Promise<string | undefined> {
    const sealed = await this.#reads.ask(place);
    return sealed === undefined ? undefined : this.#keys.openToken(tokenPlace(place), sealed);
  }

  /** Keeps the token of a payment method that the processor has made; one that is kept already stays. */
  async add(place: Place, customerId: string, token: string): Promise<void> {
    await this.#made.store(place.tenantId, place.paymentMethodId, customerId, token);
  }

  /** Puts the token that the processor gave in the place of the one that `call` sent. */
  async replace(call: TakenCall, place: Place, token: string, now: Date): Promise<void> {
    const sealed = await this.#keys.sealToken(tokenPlace(place), token);
    const { tenantId, paymentMethodId } = place;
    await this.#pool.query(replaceSql, [tenantId, paymentMethodId, call.callId, sealed, now, tokenDigest(token)]);
  }

  /** Removes confirmation tokens that have expired, `limit` at most. Gives how many. */
  async purge(limit: number): Promise<number> {
    return (await this.#pool.query(purgeSql, [limit])).rowCount ?? 0;
  }

  async #read(places: readonly Place[]): Promise<(string | undefined)[]> {
    const { rows } = await this.#pool.query<{ ord: number; sealed: string }>({
      name: 'read_tokens',
      text: readSql,
      values: [places.map(({ tenantId }) => tenantId), places.map(({ paymentMethodId }) => paymentMethodId)],
    });
    const sealed = new Array<string | undefined>(places.length);
    for (const row of rows) sealed[row.ord - 1] = row.sealed;
    return sealed;
  }
}
