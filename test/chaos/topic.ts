import type { Pool } from 'pg';

import { digest, readTopic } from '../../apps/relay/testing/index.js';

export interface TopicAudit {
  records: number;
  /** Records of positions that were in the topic before: what readers drop. */
  repeats: number;
  /** Each thing that is wrong, as a line. */
  differences: string[];
}

/** Compares the topic of events with the event table: every position once and in its order, after repeats are dropped. */
export const auditTopic = async (brokers: string[], prefix: string, admin: Pool): Promise<TopicAudit> => {
  const audit: TopicAudit = { records: 0, repeats: 0, differences: [] };
  const partitions = await readTopic(brokers, prefix);
  const { rows: heads } = await admin.query<{ shard: number; position: string }>(
    'select shard, position from billing.log_head order by shard',
  );
  for (const { shard, position } of heads) {
    const records = partitions.get(shard) ?? [];
    const { last, repeats } = digest(records);
    audit.records += records.length;
    audit.repeats += repeats;
    if (last !== Number(position))
      audit.differences.push(`shard ${shard} ends at ${last} in the topic, at ${position} in the table`);
    const { rows } = await admin.query<{ position: string; event_id: string }>(
      'select position, event_id from billing.event where shard = $1',
      [shard],
    );
    const ids = new Map(rows.map((row) => [Number(row.position), row.event_id]));
    for (const record of records) {
      if (ids.get(record.position) !== record.eventId)
        audit.differences.push(`${shard}:${record.position} is event ${record.eventId} in the topic`);
    }
  }
  return audit;
};
