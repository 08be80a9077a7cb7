import { MalformedRecord } from '#log';

import type { HaltReason } from './carried-shard.js';
import type { PartitionEnd } from './partition-ends.js';

/** What Postgres knows of one shard. */
export interface LogEnd {
  /** The last position of the shard. */
  head: number;
  /** The last position that a relay wrote down as acknowledged. */
  checkpoint: number;
  /** The event at the position of the partition's last record; undefined where there is none. */
  eventId: string | undefined;
  /** Whether the event there was removed after its retention: then nothing is left to compare the record with. */
  removed: boolean;
}

/** Where a shard goes on, or why it does not. */
export type Resume = { after: number; warning?: string } | { halt: HaltReason; error: string };

/**
 * Where a shard goes on: after the last record of its partition, so that what Kafka has is not sent again and what it lacks is. The
 * checkpoint counts only where retention has emptied the partition. Where it is ahead of the last record, records that were acknowledged are gone
 * (or a late repeat of an older batch came last): they are sent again, because consumers stop at a gap and drop a repeat.
 */
export const resumeAfter = (shard: number, kafka: PartitionEnd, log: LogEnd): Resume => {
  const { last } = kafka;
  if (last instanceof MalformedRecord)
    return foreign(`partition ${shard} ends with a record no relay wrote: ${last.message}`);
  if (last === undefined) return kafka.high === 0 ? fromTheStart(shard, log) : { after: log.checkpoint };
  if (last.position > log.head) {
    return {
      halt: 'ahead_of_log',
      error:
        `partition ${shard} has position ${last.position}, and the log of this database ends at ${log.head}: the database is another one, ` +
        'or was restored to an earlier time; give the topic back to the database it belongs to, or use another KAFKA_TOPIC_PREFIX',
    };
  }
  if (!log.removed && last.eventId !== log.eventId) {
    return foreign(
      `partition ${shard} has event ${last.eventId} at position ${last.position}, and this database has ${log.eventId ?? 'none'}: the topic ` +
        'belongs to another database; use another KAFKA_TOPIC_PREFIX, or the database it belongs to',
    );
  }
  if (last.position >= log.checkpoint) return { after: last.position };
  return {
    after: last.position,
    warning: `partition ${shard} ends at position ${last.position}, and ${log.checkpoint} had been acknowledged: the rest is sent again`,
  };
};

const foreign = (error: string): Resume => ({ halt: 'foreign_record', error });

const fromTheStart = (shard: number, { checkpoint }: LogEnd): Resume =>
  checkpoint === 0
    ? { after: 0 }
    : { after: 0, warning: `partition ${shard} is new, and ${checkpoint} positions had been sent: all are sent again` };
