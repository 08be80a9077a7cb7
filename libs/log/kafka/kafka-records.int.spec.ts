import { randomUUID } from 'node:crypto';

import type { EventRow } from '#event-store';
import { topics } from '#contracts';
import { topicName } from '#platform/kafka';
import type { Message, Producer } from 'kafkajs';

import { createEffects, effectsOf, recordEffects } from '../../../test/contract/effects.js';
import type { EventsTopic } from '../../../test/contract/events-topic.js';
import { createEventsTopic } from '../../../test/contract/events-topic.js';
import { StreamWriter } from '../../../test/contract/log-writer.js';
import { until } from '../../../test/contract/rig.js';
import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { TestTopics } from '../../../test/kafka/suite.js';
import { createTopics, describeWithKafka, testKafka } from '../../../test/kafka/suite.js';
import type { LogIncident, Subscription } from '../port.js';
import { readRows } from '../postgres/read.js';
import { KafkaLog } from './kafka-log.js';
import { recordOf } from './record.js';

describeWithKafka('reading records from Kafka', (brokers) => {
  const shard = 7;
  let database: TestDatabase;
  let writer: StreamWriter;
  let producer: Producer;
  let topic: TestTopics;
  let consumer: string;
  let incidents: LogIncident[];
  let log: KafkaLog | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
    await createEffects(database);
    writer = await StreamWriter.in(database, shard);
    topic = await createTopics(brokers);
    producer = testKafka(brokers).producer(); // it looks for the topics of every record it ever sent
    await producer.connect();
    consumer = `projector:records-${randomUUID()}`;
    incidents = [];
  });
  afterEach(async () => {
    await log?.close();
    await producer.disconnect();
    await topic.drop();
    await database.drop();
  });

  const subscribe = (topicPrefix = topic.prefix, at = brokers, proven = false): Promise<Subscription> => {
    log = new KafkaLog({
      pool: database.pool('billing_projector', { max: 3 }),
      settings: { brokers: at, topicPrefix, tls: undefined, sasl: undefined },
      app: 'projector',
      observer: { warn: () => undefined, count: (incident) => incidents.push(incident) },
    });
    return log.subscribe({ consumer, handle: recordEffects(consumer), proven });
  };
  const rowsAfter = (position: number): Promise<EventRow[]> =>
    readRows(database.admin, new Map([[shard, position]]), [shard], 1_000);
  const send = (messages: Message[]) =>
    producer.send({
      topic: topicName({ topicPrefix: topic.prefix } as EventsTopic['settings'], topics.events),
      acks: -1,
      messages,
    });
  const append = (count: number) => writer.append(...Array.from({ length: count }, () => writer.newStream()));
  const positions = async () => (await effectsOf(database, consumer)).map(({ position }) => position);

  it('drops what is repeated, also from a relay that held the shard before', async () => {
    await append(6);
    const rows = await rowsAfter(0);
    const [held, before] = [rows.map((row) => recordOf(row, 2)), rows.map((row) => recordOf(row, 1))];
    await send([...held.slice(0, 4), ...before.slice(0, 3), ...held.slice(2), ...before]);
    const subscription = await subscribe();
    await subscription.whenCaughtUp();
    expect(await positions()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(incidents).toEqual([]);
  });

  it('passes over records that the relay did not write, and says so', async () => {
    await append(4);
    const records = (await rowsAfter(0)).map((row) => recordOf(row, 1));
    const [first] = records;
    await send([
      ...records.slice(0, 2),
      { partition: shard, value: 'not JSON' },
      { partition: shard, value: null, headers: first?.headers },
      { ...first, headers: { ...first?.headers, ce_shard: '8' }, value: '{}' },
      { ...first, headers: { ...first?.headers, ce_position: '3', ce_id: 'nobody' }, value: '{}' },
      { ...first, headers: { ...first?.headers, ce_position: '-1' }, value: '{}' },
      ...records.slice(2),
    ]);
    const subscription = await subscribe();
    await subscription.whenCaughtUp();
    expect(await positions()).toEqual([1, 2, 3, 4]);
    await until(() => incidents.includes('malformed_record'));
    expect(new Set(incidents)).toEqual(new Set(['malformed_record']));
  });

  it('takes no word of another writer for a consumer that wants proof, and goes on with the events of the log', async () => {
    await append(4);
    const rows = await rowsAfter(0);
    const forged = rows.map((row) => ({ ...row, event_id: randomUUID(), stream_id: `payment-${randomUUID()}` }));
    const altered = rows.map((row) => ({ ...row, version: row.version + 1, data: '{"amount":999999}' }));
    const [last] = rows.slice(-1);
    const beyond = { ...(last as EventRow), position: '5', event_id: randomUUID() };
    await send([...forged, ...altered, ...rows, beyond].map((row) => recordOf(row, 99)));
    const subscription = await subscribe(topic.prefix, brokers, true);
    await subscription.whenCaughtUp();
    await until(() => incidents.includes('malformed_record'));
    expect(subscription.positions().get(shard)).toBe(4);
    await append(1);
    await send((await rowsAfter(4)).map((row) => recordOf(row, 1)));
    await subscription.whenCaughtUp();
    expect((await effectsOf(database, consumer)).map(({ stream, version }) => [stream, version])).toEqual(
      (await rowsAfter(0)).map(({ stream_id, version }) => [stream_id, version]),
    );
  });

  it('digests nothing past a position that is missing, and goes on when the relay has filled it', async () => {
    const other = await StreamWriter.in(database, 8);
    await append(5);
    await other.append(other.newStream());
    const records = (await rowsAfter(0)).map((row) => recordOf(row, 1));
    const elsewhere = await readRows(database.admin, new Map([[8, 0]]), [8], 10);
    await send([...records.slice(0, 2), ...records.slice(3), ...elsewhere.map((row) => recordOf(row, 1))]);
    const subscription = await subscribe();
    await until(() => subscription.positions().get(8) === 1 && incidents.includes('gap'));
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // it has been read again meanwhile
    expect(subscription.positions().get(shard)).toBe(2);
    expect(incidents).toEqual(['gap']);
    await send(records.slice(2));
    await subscription.whenCaughtUp();
    expect(
      (await effectsOf(database, consumer)).filter((each) => each.shard === shard).map((each) => each.position),
    ).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on in a topic that was made anew and is behind the checkpoint', async () => {
    await append(5);
    await send((await rowsAfter(0)).map((row) => recordOf(row, 1)));
    const first = await subscribe();
    await first.whenCaughtUp();
    await first.close();
    const anew = await createEventsTopic(database, { brokers });
    try {
      const subscription = await subscribe(anew.settings.topicPrefix);
      await append(3);
      await subscription.whenCaughtUp();
      expect(await positions()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    } finally {
      await log?.close();
      await anew.drop();
    }
  });

  it('starts without a broker, says so, and is closed within moments', async () => {
    const subscription = await subscribe(topic.prefix, ['127.0.0.1:1']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const began = performance.now();
    await subscription.close();
    expect(performance.now() - began).toBeLessThan(3_500);
  });

  it('is closed within moments while nothing happens', async () => {
    const subscription = await subscribe();
    await subscription.whenCaughtUp();
    const began = performance.now();
    await subscription.close();
    expect(performance.now() - began).toBeLessThan(3_500);
  });
});
