import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

/** A shard that is ours, and since which change of owner. */
export interface Lease {
  shard: number;
  /** Grows with every change of owner; stands in every record. */
  epoch: number;
}

export interface Standing {
  held: Lease[];
  /** How many relays live, this one included. */
  live: number;
  /**
   * Until when the leases are ours for certain, on this process's monotonic clock (performance.now()): counted from before Postgres
   * was asked, so never later than Postgres itself takes them for expired.
   */
  sureUntil: number;
}

/** Which relay carries which shard: kept in Postgres, judged by its clock. One object a relay process. */
export class Leases {
  /** Names this relay among the others. */
  readonly owner = randomUUID();
  readonly #pool: Pool;
  readonly #leaseMs: number;

  constructor(pool: Pool, leaseMs: number) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
  }

  /** Says that this relay lives and prolongs what it still holds. A lease that has run out is lost, taken by another or not. */
  async renew(): Promise<Standing> {
    const askedAt = performance.now();
    await this.#pool.query({
      name: 'relay_lives',
      text: `with gone as (delete from billing.relay where seen_at < now() - interval '1 hour' and id <> $1)
        insert into billing.relay (id, seen_at) values ($1, now()) on conflict (id) do update set seen_at = now()`,
      values: [this.owner],
    });
    const { rows } = await this.#pool.query<LeaseRow>({
      name: 'renew_leases',
      text: `update billing.relay_lease set expires_at = now() + $2 * interval '1 millisecond'
        where owner = $1 and expires_at > now() returning shard, epoch`,
      values: [this.owner, this.#leaseMs],
    });
    return { held: rows.map(leaseOf), live: await this.#countLiving(), sureUntil: askedAt + this.#leaseMs };
  }

  /** Takes up to `count` shards that nobody holds, each under its next epoch. */
  async take(count: number): Promise<Lease[]> {
    const { rows } = await this.#pool.query<LeaseRow>({
      name: 'take_leases',
      text: `update billing.relay_lease l
        set owner = $1, epoch = l.epoch + 1, expires_at = now() + $2 * interval '1 millisecond'
        from (select shard from billing.relay_lease where expires_at <= now() order by random() limit $3
          for update skip locked) free
        where l.shard = free.shard returning l.shard, l.epoch`,
      values: [this.owner, this.#leaseMs, count],
    });
    return rows.map(leaseOf);
  }

  /** Gives shards back, for any other to take at once. */
  async release(leases: readonly Lease[]): Promise<void> {
    await this.#pool.query(
      `update billing.relay_lease l set owner = null, expires_at = '-infinity'
       from unnest($2::smallint[], $3::bigint[]) as mine (shard, epoch)
       where l.shard = mine.shard and l.epoch = mine.epoch and l.owner = $1`,
      [this.owner, leases.map(({ shard }) => shard), leases.map(({ epoch }) => epoch)],
    );
  }

  /** This relay no longer counts among those that live. */
  async leave(): Promise<void> {
    await this.#pool.query('delete from billing.relay where id = $1', [this.owner]);
  }

  async #countLiving(): Promise<number> {
    const { rows } = await this.#pool.query<{ live: number }>({
      name: 'living_relays',
      text: `select count(*)::integer as live from billing.relay where seen_at > now() - $1 * interval '1 millisecond'`,
      values: [this.#leaseMs],
    });
    return Math.max(1, rows[0]?.live ?? 1);
  }
}

interface LeaseRow {
  shard: number;
  epoch: string;
}

const leaseOf = ({ shard, epoch }: LeaseRow): Lease => ({ shard, epoch: Number(epoch) });
