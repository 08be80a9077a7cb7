import type { KafkaSettings } from '#platform/kafka';
import { groupName, topicName } from '#platform/kafka';
import { eventPartitions, topics } from '#contracts';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';

import type { CarriedShard } from './carried-shard.js';
import type { RelayObserver } from './observer.js';
import type { PartitionEnd } from './partition-ends.js';
import { partitionEnds, partitionLeaders } from './partition-ends.js';
import { relayConsumer } from './progress.js';
import type { LogEnd } from './resume.js';
import { resumeAfter } from './resume.js';

const readEndsMs = 15_000;
/** How long a shard rests that no waiting mends. */
const haltedMs = 60_000;

export interface OpeningOptions {
  pool: Pool;
  kafka: Kafka;
  settings: KafkaSettings;
  observer: RelayObserver;
  /** Names the reading group; one a process. */
  owner: string;
}

/** Finds out where shards go on: from the end of their partitions and the end of the log. */
export class Opening {
  readonly #options: OpeningOptions;
  readonly #topic: string;

  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#topic = topicName(options.settings, topics.events);
  }

  /** The broker that leads each shard's partition. Throws where the topic is not as it must be. */
  leaders(): Promise<Map<number, number>> {
    return partitionLeaders(this.#options.kafka, this.#topic, eventPartitions);
  }

  /** Opens each shard after what Kafka has of it, or halts it. Throws, and opens none, when Kafka or Postgres cannot be asked. */
  async open(shards: readonly CarriedShard[]): Promise<void> {
    const { kafka, settings, owner, observer } = this.#options;
    const leaders = await this.leaders();
    const ends = await partitionEnds({
      kafka,
      topic: this.#topic,
      groupId: groupName(settings, `relay:${owner}`),
      partitions: shards.map(({ shard }) => shard),
      timeoutMs: readEndsMs,
    });
    const log = await this.#logEnds(ends);
    for (const shard of shards) {
      const [end, logEnd] = [ends.get(shard.shard), log.get(shard.shard)];
      if (!end || !logEnd) throw new Error(`the end of partition ${shard.shard} of ${this.#topic} is not known`);
      shard.leader = leaders.get(shard.shard) ?? -1;
      const resume = resumeAfter(shard.shard, end, logEnd);
      if ('halt' in resume) {
        shard.halt(resume.halt, haltedMs);
        observer.halted(shard.shard, resume.halt, resume.error);
        continue;
      }
      if (resume.warning) observer.warn(resume.warning, { shard: shard.shard });
      shard.resumeAfter(resume.after);
    }
  }

  async #logEnds(ends: ReadonlyMap<number, PartitionEnd>): Promise<Map<number, LogEnd>> {
    const shards = [...ends.keys()];
    const positions = [...ends.values()].map(({ last }) => (last && 'position' in last ? last.position : 0));
    const { rows } = await this.#options.pool.query<LogEndRow>(
      `select s.shard, h.position as head, coalesce(c.position, 0) as checkpoint, e.event_id,
         exists (select from billing.event_removed r where r.shard = s.shard and s.position between r.first_position and r.last_position) as removed
       from unnest($1::smallint[], $2::bigint[]) as s (shard, position)
       join billing.log_head h on h.shard = s.shard
       left join billing.checkpoint c on c.consumer = $3 and c.shard = s.shard
       left join billing.event e on e.shard = s.shard and e.position = s.position`,
      [shards, positions, relayConsumer],
    );
    return new Map(
      rows.map(({ shard, head, checkpoint, event_id, removed }) => [
        shard,
        { head: Number(head), checkpoint: Number(checkpoint), eventId: event_id ?? undefined, removed },
      ]),
    );
  }
}

interface LogEndRow {
  shard: number;
  head: string;
  checkpoint: string;
  event_id: string | null;
  removed: boolean;
}
