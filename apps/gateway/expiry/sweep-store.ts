import type { PaymentMethod } from '#domain/payment-method';
import type { Pool } from 'pg';

/** A payment method as the read model has it, and whose it is. */
export interface Swept {
  tenantId: string;
  method: PaymentMethod;
}

/** Where a walk goes on: after this payment method, or at the beginning. */
export type SweepPlace = { tenantId: string; paymentMethodId: string } | undefined;

/** A page in hand: it is its taker's own until `leasedUntil`, and another's once another has taken it. */
export interface TakenPage {
  place: SweepPlace;
  /** As the database wrote it, which loses nothing of it. */
  leasedUntil: string;
}

interface PlaceRow {
  after_tenant: string | null;
  after_method: string | null;
  leased_until: string;
}

// By the database's clock: a gateway whose own is ahead must not put the next walk off for all of them.
const takeSql = `update billing.expiry_sweep set not_before = now() + $1 * interval '1 ms' where not_before <= now()
  returning after_tenant, after_method, not_before::text as leased_until`;

const saveSql = `update billing.expiry_sweep set after_tenant = $1, after_method = $2, not_before = now() + $3 * interval '1 ms'
  where not_before = $4::timestamptz`;

const beforeAll = '00000000-0000-0000-0000-000000000000';

const pageSql = `select tenant_id as "tenantId", state from billing.rm_payment_method
  where (tenant_id, payment_method_id) > ($1::uuid, $2::uuid) order by tenant_id, payment_method_id limit $3`;

/** The walk through all payment methods: where it is, and its next page. */
export class SweepStore {
  constructor(private readonly pool: Pool) {}

  /** Takes the next page in hand for `leaseMs`; undefined where none is due, or another gateway has it. */
  async take(leaseMs: number): Promise<TakenPage | undefined> {
    const { rows } = await this.pool.query<PlaceRow>(takeSql, [leaseMs]);
    const [row] = rows;
    if (!row) return undefined;
    const { after_tenant: tenantId, after_method: paymentMethodId, leased_until: leasedUntil } = row;
    return { place: tenantId && paymentMethodId ? { tenantId, paymentMethodId } : undefined, leasedUntil };
  }

  /**
   * Goes on from `place` after `waitMs`. False where the page took longer than its lease and another has it by now: then the walk is theirs,
   * and nothing is changed.
   */
  async save({ leasedUntil }: TakenPage, place: SweepPlace, waitMs: number): Promise<boolean> {
    const values = [place?.tenantId ?? null, place?.paymentMethodId ?? null, waitMs, leasedUntil];
    return (await this.pool.query(saveSql, values)).rowCount === 1;
  }

  async page(place: SweepPlace, limit: number): Promise<Swept[]> {
    const { rows } = await this.pool.query<{ tenantId: string; state: string }>({
      name: 'sweep_payment_methods',
      text: pageSql,
      values: [place?.tenantId ?? beforeAll, place?.paymentMethodId ?? beforeAll, limit],
    });
    return rows.map(({ tenantId, state }) => ({ tenantId, method: JSON.parse(state) as PaymentMethod }));
  }
}
