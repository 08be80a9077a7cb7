import { allShards } from '#event-store';
import type { Pool } from 'pg';

import type { CarriedShard } from './carried-shard.js';

/** The relay's name among the readers of the log. A storage format. */
export const relayConsumer = 'relay:events';

/** How far Kafka has each shard, written down for people and for partitions that retention has emptied. */
export class Progress {
  readonly #pool: Pool;
  readonly #written = new Map<number, number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async create(): Promise<void> {
    await this.#pool.query(
      'insert into billing.checkpoint (consumer, shard) select $1, shard from unnest($2::smallint[]) as s (shard) on conflict do nothing',
      [relayConsumer, allShards],
    );
  }

  /** Writes what has changed. Only ever forward: what Kafka acknowledged is a fact, whoever wrote it down before. */
  async write(shards: readonly CarriedShard[]): Promise<void> {
    const changed = shards.flatMap(({ shard, epoch, sent }) =>
      sent !== undefined && sent > (this.#written.get(shard) ?? 0) ? [{ shard, epoch, sent }] : [],
    );
    if (changed.length === 0) return;
    await this.#pool.query({
      name: 'relay_progress',
      text: `update billing.checkpoint c set position = n.position, epoch = greatest(c.epoch, n.epoch), updated_at = now()
        from unnest($2::smallint[], $3::bigint[], $4::bigint[]) as n (shard, position, epoch)
        where c.consumer = $1 and c.shard = n.shard and c.position < n.position`,
      values: [
        relayConsumer,
        changed.map(({ shard }) => shard),
        changed.map(({ sent }) => sent),
        changed.map(({ epoch }) => epoch),
      ],
    });
    for (const { shard, sent } of changed) this.#written.set(shard, sent);
  }
}
