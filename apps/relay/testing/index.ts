import type { RecordPlace } from '#log';
import { placeOf } from '#log';
import { topics } from '#contracts';
import type { KafkaMessage } from 'kafkajs';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { testKafka } from '../../../test/kafka/suite.js';
import type { HaltReason } from '../carried-shard.js';
import type { RelayOptions } from '../relay.js';
import { Relay } from '../relay.js';

/** Puts `count` events into a shard, a hundred a stream, at once: what a day of commands would have appended. */
export const appendMany = async (
  database: TestDatabase,
  tenantId: string,
  shard: number,
  count: number,
  dataBytes = 300,
): Promise<void> => {
  await database.admin.query(
    `with head as (update billing.log_head set position = position + $3 where shard = $1 returning position - $3 as base)
     insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id,
       causation_id, data, metadata)
     select $1, base + at, $2, 'payment-' || base || '-' || (at - 1) / 100, (at - 1) % 100 + 1, gen_random_uuid(), 'PaymentCreated', 1,
       gen_random_uuid(), gen_random_uuid(), '{"at":' || (base + at) || ',"note":"' || repeat('x', $4) || '"}',
       '{"actor":{"type":"system","subject":"relay"}}'
     from head, generate_series(1, $3) as at`,
    [shard, tenantId, count, dataBytes],
  );
  await database.admin.query(`select pg_notify('billing_log', $1)`, [String(shard)]);
};

export interface TestRelay extends Relay {
  /** What it warned of, oldest first. */
  said: string[];
  halts: { shard: number; reason: HaltReason; error: string }[];
}

/** A relay of its own pool that writes down what it says. Not started. */
export const relayFor = (
  database: TestDatabase,
  brokers: string[],
  topicPrefix: string,
  options: Partial<RelayOptions> = {},
): TestRelay => {
  const said: string[] = [];
  const halts: TestRelay['halts'] = [];
  const relay = new Relay({
    pool: database.pool('billing_relay', { max: 4 }),
    databaseUrl: database.url('billing_relay'),
    kafka: { brokers, topicPrefix } as RelayOptions['kafka'],
    observer: {
      sent: () => undefined,
      failed: (error) => said.push(String(error)),
      halted: (shard, reason, error) => halts.push({ shard, reason, error }),
      warn: (message) => said.push(message),
    },
    ...options,
  });
  return Object.assign(relay, { said, halts });
};

/** The last position of every shard. */
export const heads = async (pool: Pool): Promise<Map<number, number>> => {
  const { rows } = await pool.query<{ shard: number; position: string }>(
    'select shard, position from billing.log_head',
  );
  return new Map(rows.map(({ shard, position }) => [shard, Number(position)]));
};

export interface SeenRecord extends RecordPlace {
  offset: number;
  message: KafkaMessage;
}

/** Everything in the events topic, by partition, in offset order: up to what was there at the time of the call. */
export const readTopic = async (brokers: string[], topicPrefix: string): Promise<Map<number, SeenRecord[]>> => {
  const kafka = testKafka(brokers);
  const topic = `${topicPrefix}${topics.events}`;
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  await admin.disconnect();
  const seen = new Map([...ends.keys()].map((partition): [number, SeenRecord[]] => [partition, []]));
  const missing = new Set([...ends].filter(([, high]) => high > 0).map(([partition]) => partition));
  if (missing.size === 0) return seen;
  const consumer = kafka.consumer({ groupId: `${topicPrefix}reader-${Math.random()}`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachBatch: ({ batch: { partition, messages } }) => {
        for (const message of messages) {
          const offset = Number(message.offset);
          seen.get(partition)?.push({ ...placeOf(message, partition), offset, message });
          if (offset + 1 >= (ends.get(partition) ?? 0)) missing.delete(partition);
        }
        if (missing.size === 0) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return seen;
};

/**
 * The positions a consumer would see that drops repeats, or an error where it would see a gap. Repeats are counted.
 */
export const digest = (records: readonly SeenRecord[]): { last: number; repeats: number } => {
  let last = 0;
  let repeats = 0;
  for (const { position, offset } of records) {
    if (position > last + 1) throw new Error(`position ${position} follows ${last} at offset ${offset}`);
    if (position <= last) repeats += 1;
    else last = position;
  }
  return { last, repeats };
};

/** What a consumer sees of each partition that has anything. */
export const digestAll = async (brokers: string[], prefix: string): Promise<Map<number, ReturnType<typeof digest>>> => {
  const seen = [...(await readTopic(brokers, prefix))].filter(([, records]) => records.length > 0);
  return new Map(seen.map(([partition, records]) => [partition, digest(records)]));
};

/** Waits until `isTrue`, asking every 20 ms; throws after `timeoutMs`. */
export const until = async (
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> => {
  for (
    const end = performance.now() + timeoutMs;
    !(await isTrue());
    await new Promise((next) => setTimeout(next, 20))
  ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
  }
};
