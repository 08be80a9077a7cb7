import { topics } from '#contracts';
import { eventColumns } from '#event-store';
import type { EventRow } from '#event-store';
import { recordOf } from '#log';
import { openKafka, openProducer, topicName } from '#platform/kafka';
import type { Message } from 'kafkajs';

import { Relay } from '../../../apps/relay/relay.js';
import { createTopics } from '../../kafka/suite.js';
import type { Row } from '../report.js';
import { comparedRow } from '../report.js';
import type { Surroundings } from './surroundings.js';
import { lengthOf } from './surroundings.js';

const batch = 1_000;
const limitMs = 300_000;

/** The relay carries the whole log, against the bare client sending the same records from memory. */
export const rateRow = async (surroundings: Surroundings): Promise<Row> => {
  const raw = await rawRate(surroundings);
  return comparedRow('relay, records/s to one broker', await relayRate(surroundings), raw);
};

/** From the first batch that is stored until everything is. */
const relayRate = async ({ database, kafka }: Surroundings): Promise<number> => {
  let firstAt: number | undefined;
  let first = 0;
  const relay = new Relay({
    pool: database.pool('billing_relay', { max: 4 }),
    databaseUrl: database.url('billing_relay'),
    kafka,
    observer: {
      sent: (records) => {
        firstAt ??= performance.now();
        first ||= records;
      },
      failed: (error) => console.error(String(error)),
      halted: (shard, reason) => console.error(`shard ${shard} halted: ${reason}`),
      warn: (message) => console.error(message),
    },
  });
  await relay.start();
  try {
    await relay.whenCaughtUp(limitMs);
    const seconds = (performance.now() - (firstAt ?? 0)) / 1_000;
    return ((await lengthOf(database)) - first) / seconds;
  } finally {
    await relay.close();
  }
};

/** One batch of a thousand in flight for each partition, all of a page in one request, and nothing but the sending counted. */
const rawRate = async ({ database, kafka: settings }: Surroundings): Promise<number> => {
  const own = await createTopics(settings.brokers);
  const producer = openProducer(openKafka({ settings, clientId: 'bench', warn: () => undefined }));
  await producer.connect();
  const topic = topicName({ ...settings, topicPrefix: own.prefix }, topics.events);
  let ms = 0;
  let records = 0;
  for (let after = 0; ; after += batch) {
    const rows = await rowsAfter(database, after);
    if (rows.length === 0) break;
    const messages: Message[] = rows.map((row) => recordOf(row, 1));
    const began = performance.now();
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
    ms += performance.now() - began;
    records += rows.length;
  }
  await producer.disconnect();
  await own.drop();
  return records / (ms / 1_000);
};

/** The next thousand of each shard. */
const rowsAfter = async ({ admin }: Surroundings['database'], after: number): Promise<EventRow[]> => {
  const { rows } = await admin.query<EventRow>(
    `select ${eventColumns} from billing.event where position > $1 and position <= $2 order by shard, position`,
    [after, after + batch],
  );
  return rows;
};
