import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

import { Overtaken } from '../stopped.js';

/**
 * Who seals: kept in Postgres, judged by its clock. It keeps two anchors from doing the same work; that they never fork the log is the
 * doing of the interleaving records, whatever becomes of a lease. One object a process.
 */
export class SealingLease {
  /** Names this anchor among the others. */
  readonly owner = randomUUID();
  readonly #pool: Pick<Pool, 'query'>;
  readonly #leaseMs: number;
  #epoch: string | undefined;
  #sureUntil = Number.NEGATIVE_INFINITY;

  constructor(pool: Pick<Pool, 'query'>, leaseMs: number) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
  }

  /**
   * Whether it is ours for certain: on this process's monotonic clock, and counted from before Postgres was asked, so never longer than
   * Postgres itself takes it for ours.
   */
  get isSure(): boolean {
    return performance.now() < this.#sureUntil;
  }

  /** Throws Overtaken unless it is ours for certain: what is asked before each write and each signature. */
  assertSure(): void {
    if (!this.isSure) throw new Overtaken('the lease ran out before it was renewed');
  }

  /** Takes the lease where nobody has it, under its next epoch. Gives whether it is ours. */
  async take(): Promise<boolean> {
    const askedAt = performance.now();
    const { rows } = await this.#pool.query<{ epoch: string }>({
      name: 'take_audit_lease',
      text: `update billing.audit_lease set owner = $1, epoch = epoch + 1, expires_at = now() + $2 * interval '1 millisecond'
        where expires_at <= now() or owner = $1 returning epoch`,
      values: [this.owner, this.#leaseMs],
    });
    return this.#hold(rows[0]?.epoch, askedAt);
  }

  /** Prolongs the lease. One that has run out is lost, taken by another or not. Gives whether it is ours. */
  async renew(): Promise<boolean> {
    const epoch = this.#epoch;
    if (epoch === undefined) return false;
    const askedAt = performance.now();
    const { rows } = await this.#pool.query<{ epoch: string }>({
      name: 'renew_audit_lease',
      text: `update billing.audit_lease set expires_at = now() + $3 * interval '1 millisecond'
        where owner = $1 and epoch = $2 and expires_at > now() returning epoch`,
      values: [this.owner, epoch, this.#leaseMs],
    });
    // Taken anew or given back in the meantime: the answer is about the lease of before.
    if (this.#epoch !== epoch) return this.#epoch !== undefined;
    return this.#hold(rows[0]?.epoch, askedAt);
  }

  /** Gives it back, for any other to take at once. */
  async release(): Promise<void> {
    const epoch = this.#epoch;
    this.#hold(undefined, 0);
    if (epoch === undefined) return;
    await this.#pool.query(
      `update billing.audit_lease set owner = null, expires_at = '-infinity' where owner = $1 and epoch = $2`,
      [this.owner, epoch],
    );
  }

  #hold(epoch: string | undefined, askedAt: number): boolean {
    this.#epoch = epoch;
    this.#sureUntil = epoch === undefined ? Number.NEGATIVE_INFINITY : askedAt + this.#leaseMs;
    return epoch !== undefined;
  }
}
