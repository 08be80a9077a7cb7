import { randomUUID } from 'node:crypto';

import { openCheckpoint } from '#audit';
import { topics } from '#contracts';
import { readTails } from '#platform/kafka';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Kafka, Message } from 'kafkajs';

import type { TestTopics } from '../../../test/kafka/suite.js';
import { createTopics, describeWithKafka, testKafka } from '../../../test/kafka/suite.js';
import { messageSchemas } from '../../../tools/contracts/messages.js';
import { signerOf } from '../../../libs/audit/testing/keys.js';
import { headOf, itKeepsCheckpoints, origin, signedHead } from './testing/anchor-contract.js';
import { TopicAnchor } from './topic-anchor.js';

const { key } = signerOf(origin, 1);
const isOurs = (note: string): Promise<boolean> => {
  try {
    openCheckpoint(note, { origin, keys: [key] });
    return Promise.resolve(true);
  } catch {
    return Promise.resolve(false);
  }
};

const endOf = async (kafka: Kafka, topic: string): Promise<number> => {
  const admin = kafka.admin();
  await admin.connect();
  const [offsets] = (await admin.fetchTopicOffsets(topic)).filter(({ partition }) => partition === 0);
  await admin.disconnect();
  return Number(offsets?.high);
};

const emptied = async (kafka: Kafka, topic: string): Promise<void> => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // kafkajs deletes only where it has looked before
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] });
  await admin.disconnect();
};

describeWithKafka('billing.checkpoints.v1 as an anchor', (brokers) => {
  let created: TestTopics;
  let kafka: Kafka;
  const opened: TopicAnchor[] = [];
  let prefix = '';
  const open = (): TopicAnchor => {
    const settings = { brokers, topicPrefix: prefix, tls: undefined, sasl: undefined };
    const anchor = new TopicAnchor({ kafka, settings, origin, owner: randomUUID(), isOurs });
    opened.push(anchor);
    return anchor;
  };
  const send = async (...messages: Message[]): Promise<void> => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic: `${prefix}${topics.checkpoints}`,
      acks: -1,
      messages: messages.map((each) => ({ ...each, partition: 0 })),
    });
    await producer.disconnect();
  };
  beforeAll(async () => {
    kafka = testKafka(brokers);
    created = await createTopics(brokers);
  });
  beforeEach(() => {
    ({ prefix } = created);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await emptied(kafka, `${created.prefix}${topics.checkpoints}`);
  });
  afterAll(() => created.drop());

  itKeepsCheckpoints(open);

  it('does not believe what others write at its end, and goes past it', async () => {
    const note = await signedHead(headOf(40));
    await open().keep(headOf(40), note);
    const forged = await signedHead(headOf(9_000), [signerOf(origin, 2)]);
    const headers = { ce_type: 'CheckpointAnchored' };
    await send(
      { key: origin, value: forged, headers },
      { key: origin, value: 'garbage', headers },
      { key: origin, value: null, headers },
      { key: 'another', value: await signedHead(headOf(50)), headers },
      { key: origin, value: await signedHead(headOf(50)) },
    );
    expect(await open().newest()).toBe(note);
  });

  it('tells that it cannot tell when nothing at its end is ours, and when it is not there', async () => {
    await send({ key: origin, value: 'garbage' });
    await expect(open().newest()).rejects.toThrow('none of the last 1 records');
    prefix = 'nowhere-';
    await expect(open().newest()).rejects.toThrow('billing topics apply');
  });

  it('stops when it holds two trees of one size that our key signed, and goes back to no smaller tree', async () => {
    const anchor = open();
    await anchor.keep(headOf(40), await signedHead(headOf(40)));
    await expect(anchor.keep(headOf(39), await signedHead(headOf(39)))).rejects.toThrow('one of 39 is older');
    const headers = { ce_type: 'CheckpointAnchored' };
    await send({ key: origin, value: await signedHead(headOf(40, 'another')), headers });
    await expect(open().newest()).rejects.toMatchObject({ code: 'anchored_fork', size: 40 });
  });

  it('publishes what the contract says', async () => {
    const note = await signedHead(headOf(40));
    await open().keep(headOf(40), note);
    const topic = `${prefix}${topics.checkpoints}`;
    const to = await endOf(kafka, topic);
    const tails = new Map([[0, { from: to - 1, to }]]);
    const read = await readTails({ kafka, topic, groupId: `${prefix}spec`, tails, timeoutMs: 10_000 });
    const [record] = read.get(0) ?? [];
    expect(record?.key?.toString()).toBe(origin);
    expect(record?.value?.toString()).toBe(note);
    const headers = Object.fromEntries(
      Object.entries(record?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    const ajv = new Ajv2020().addFormat('date-time', true);
    const { 'headers/checkpoint.v1.json': ofHeaders, 'checkpoint.v1.json': ofValue } = messageSchemas;
    expect([ajv.validate(ofHeaders, headers), ajv.errors]).toEqual([true, null]);
    expect([ajv.validate(ofValue, record?.value?.toString()), ajv.errors]).toEqual([true, null]);
  });
});
