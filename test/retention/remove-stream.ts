import type pg from 'pg';

import { changeLog } from '../database/change-log.js';

/**
 * Has the database remove a stream as `billing retention remove` does, by billing_retention and under the rule, once everything that the rule asks
 * for is said to be so: it is eight years old, sealed, digested and archived.
 */
export const removeStream = async (admin: pg.Pool, streamId: string): Promise<void> => {
  await changeLog(admin, `update billing.event set recorded_at = now() - interval '8 years' where stream_id = $1`, [
    streamId,
  ]);
  await admin.query(
    `with stream as (select shard, position, recorded_at from billing.event where stream_id = $1),
      -- Up to an event behind it, which stays.
      sealed as (insert into billing.audit_leaf_run select 0, shard, 1, max(position)::integer + 1 from stream group by shard),
      digested as (
        insert into billing.checkpoint (consumer, shard, position) select 'projector:read-models', shard, max(position) from stream group by shard
        on conflict (consumer, shard) do update set position = excluded.position)
    insert into billing.retention_archive (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size)
    select shard, date_trunc('month', min(recorded_at) at time zone 'UTC'), count(*), range_agg(int8range(position, position, '[]')),
      'a store', 'manifest.json', sha256('x'), count(*) from stream group by shard`,
    [streamId],
  );
  const client = await admin.connect();
  try {
    await client.query('set role billing_retention');
    await client.query('delete from billing.event where stream_id = $1', [streamId]);
    await client.query('reset role');
  } finally {
    client.release();
  }
};
