import type { PoolClient } from 'pg';

import type { ArchivedMonth, CopyParts, ShardMonth } from '../archive/index.js';
import { checkCopy, CopyDiffers, runsOf } from '../archive/index.js';

/**
 * The copies that stand for what is removed: each is read once more, and is what was verified, of this month of this shard, with every position
 * that the database would let go for it.
 */
export class Copies {
  readonly #months: ReadonlyMap<string, ArchivedMonth>;
  readonly #checked = new Set<string>();

  constructor(
    private readonly from: CopyParts,
    months: readonly ArchivedMonth[],
  ) {
    this.#months = new Map(months.map((month) => [`${month.shard}/${month.month}`, month]));
  }

  /** Throws CopyDiffers. A copy that was found good is not read again. */
  async check(client: PoolClient, { shard, month }: ShardMonth): Promise<void> {
    const key = `${shard}/${month}`;
    if (this.#checked.has(key)) return;
    const archived = this.#months.get(key);
    if (!archived) throw new CopyDiffers({ shard, month }, 'there is none');
    await checkCopy(this.from, archived, await runsOf(client, archived));
    this.#checked.add(key);
  }
}
