import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { topics } from '#contracts';
import { openKafka } from '#platform/kafka';
import { readModelsConsumer } from '#projections';
import type { Admin } from 'kafkajs';
import kafkajs from 'kafkajs';

import { describeWithKafka, newTopicPrefix } from '../../../test/kafka/suite.js';
import type { AclsFile } from './acls-file.js';
import { aclEntries, assertAclsFile } from './acls-file.js';
import { applyFiles } from './index.js';
import { findTopics, planTopics } from './topic-changes.js';
import type { TopicsFile } from './topics-file.js';
import { assertTopicsFile, readJson } from './topics-file.js';

// A CommonJS module, whose names Node sees only in part.
const { AclOperationTypes, ConfigResourceTypes } = kafkajs;

const topicsJson = 'deploy/kafka/topics.json';
const shipped = (): TopicsFile => readJson<TopicsFile>(topicsJson, assertTopicsFile);
const shippedAcls = (): AclsFile => readJson<AclsFile>('deploy/kafka/acls.json', assertAclsFile);

describe('the reviewed files', () => {
  it('have every topic of the contract, and keep events for ever', () => {
    const file = shipped();
    expect(file.topics.map(({ name }) => name).sort()).toEqual(Object.values(topics).sort());
    const configOf = (name: string) => file.topics.find((topic) => topic.name === name)?.config;
    expect(configOf(topics.events)).toMatchObject({ 'retention.ms': '-1', 'cleanup.policy': 'delete' });
    expect(configOf(topics.commands)).toMatchObject({
      'message.timestamp.type': 'LogAppendTime',
      'retention.ms': String(7 * 86_400_000),
    });
  });

  it('give access to services that exist, to groups that they join, and let the worker alone read commands', () => {
    const { services } = shippedAcls();
    for (const { principal } of services) {
      const place =
        principal === 'billing-analyst'
          ? 'apps/cli/replay/index.ts'
          : `apps/${principal.slice('billing-'.length)}/main.ts`;
      expect([principal, existsSync(place)]).toEqual([principal, true]);
    }
    const groups = services.flatMap(({ grants }) => grants.flatMap((grant) => ('group' in grant ? grant.group : [])));
    expect(groups).toContain(`billing.${readModelsConsumer}`);
    const readers = (topic: string) =>
      aclEntries({ ...shippedAcls() }, '')
        .filter((entry) => entry.resourceName === topic && entry.operation === AclOperationTypes.READ)
        .map(({ principal }) => principal);
    expect(readers(topics.commands)).toEqual(['User:billing-command-worker']);
    expect(readers(topics.deadLetters)).toEqual([]);
  });

  it.each([
    [/partitions must be 16/, { name: topics.events, partitions: 8, config: {} }],
    [/a name of the contract/, { name: 'billing.other.v1', partitions: 1, config: {} }],
    [/min\.insync\.replicas follows/, { name: topics.results, partitions: 1, config: { 'min.insync.replicas': '2' } }],
    [/partitions must be a whole number/, { name: topics.results, partitions: 0, config: {} }],
    [/object of strings/, { name: topics.results, partitions: 1, config: { 'retention.ms': 1 } }],
  ])('are refused with %s', (message, topic) => {
    expect(() => {
      assertTopicsFile({ replicationFactor: 3, minInsyncReplicas: 2, topics: [topic] });
    }).toThrow(message);
  });

  it.each([
    ['Shop', /lower case/],
    ['shop eu', /lower case/],
  ])('take no producer named %s', (name, message) => {
    const acls = shippedAcls();
    expect(() => {
      assertAclsFile({ ...acls, producers: { ...acls.producers, names: [name] } });
    }).toThrow(message);
  });
});

describe('what is planned', () => {
  const planFor = (brokers: number, replicationFactor?: number) =>
    planTopics({ file: shipped(), prefix: '', brokers, replicationFactor, found: new Map() }).map((topic) => ({
      copies: topic.replicationFactor,
      inSync: topic.config['min.insync.replicas'],
    }))[0];

  it('leaves one broker free to be away, however many there are', () => {
    expect(planFor(1)).toEqual({ copies: 1, inSync: '1' });
    expect(planFor(2)).toEqual({ copies: 2, inSync: '1' });
    expect(planFor(3)).toEqual({ copies: 3, inSync: '2' });
    expect(planFor(5)).toEqual({ copies: 3, inSync: '2' });
    expect(planFor(3, 1)).toEqual({ copies: 1, inSync: '1' });
    expect(() => planFor(3, 4)).toThrow('4 copies need as many brokers');
  });

  it('never asks for more copies in sync than a topic has, and tells of a topic with too few', () => {
    const found = { partitions: 16, replicationFactor: 1, config: new Map<string, string>(), ownSettings: [] };
    const [events] = planTopics({
      file: shipped(),
      prefix: '',
      brokers: 3,
      found: new Map([[topics.events, found]]),
    });
    expect(events?.config['min.insync.replicas']).toBe('1');
    expect(events?.changes).toContainEqual(
      expect.objectContaining({ setting: 'copies', from: '1', to: '3', action: 'by hand' }),
    );
  });
});

describeWithKafka('billing topics apply, on a broker', (brokers) => {
  const prefix = newTopicPrefix();
  const settings = { brokers, topicPrefix: prefix, tls: undefined, sasl: undefined };
  const names = Object.values(topics).map((name) => `${prefix}${name}`);
  let admin: Admin;
  let folder = '';

  beforeAll(async () => {
    admin = openKafka({ settings, clientId: 'topics-spec', warn: () => undefined }).admin();
    await admin.connect();
    folder = mkdtempSync(join(tmpdir(), 'billing-topics-'));
  });
  afterAll(async () => {
    const there = (await admin.listTopics()).filter((name) => names.includes(name));
    if (there.length > 0) await admin.deleteTopics({ topics: there });
    await admin.disconnect();
    rmSync(folder, { recursive: true });
  });

  const changed = (change: (file: TopicsFile) => void): string => {
    const file = JSON.parse(readFileSync(topicsJson, 'utf8')) as TopicsFile;
    change(file);
    const name = join(folder, `${randomUUID()}.json`);
    writeFileSync(name, JSON.stringify(file));
    return name;
  };
  const topicOf = (file: TopicsFile, name: string) => {
    const found = file.topics.find((topic) => topic.name === name);
    if (!found) throw new Error(`${name} is not in the file`);
    return found;
  };

  it('changes nothing in a dry run, creates what is missing, and then has nothing to do', async () => {
    const dry = await applyFiles(settings, { file: topicsJson, dryRun: true });
    expect(dry.topics.map(({ topic, action }) => [topic, action]).sort()).toEqual(
      names.map((name) => [name, 'create']).sort(),
    );
    expect((await findTopics(admin, names)).size).toBe(0);
    expect((await applyFiles(settings, { file: topicsJson })).topics).toEqual(dry.topics);
    expect((await applyFiles(settings, { file: topicsJson })).topics).toEqual([]);
    const events = (await findTopics(admin, names)).get(`${prefix}${topics.events}`);
    expect(events?.partitions).toBe(16);
    expect(events?.config.get('retention.ms')).toBe('-1');
  });

  it('corrects a setting that somebody changed, and leaves alone what the file does not name', async () => {
    const name = `${prefix}${topics.commands}`;
    const configEntries = [
      { name: 'retention.ms', value: '1000' },
      { name: 'segment.bytes', value: '2097152' },
    ];
    const resources = [{ type: ConfigResourceTypes.TOPIC, name, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    const retention = async () => (await findTopics(admin, [name])).get(name)?.config.get('retention.ms');
    while ((await retention()) !== '1000') await sleep(20); // brokers hear of it a moment later; the test's time bounds it
    const { topics: told } = await applyFiles(settings, { file: topicsJson });
    expect(told).toContainEqual({
      topic: name,
      setting: 'retention.ms',
      from: '1000',
      to: '604800000',
      action: 'set',
    });
    const config = (await findTopics(admin, [name])).get(name)?.config;
    expect(config?.get('retention.ms')).toBe('604800000');
    expect(config?.get('segment.bytes')).toBe('2097152');
    expect((await applyFiles(settings, { file: topicsJson })).topics).toEqual([]);
  });

  it('adds partitions where they mean nothing, and refuses to take any away', async () => {
    const more = changed((file) => (topicOf(file, topics.results).partitions = 20));
    await applyFiles(settings, { file: more });
    expect((await findTopics(admin, names)).get(`${prefix}${topics.results}`)?.partitions).toBe(20);
    await expect(applyFiles(settings, { file: topicsJson })).rejects.toThrow('Kafka cannot take partitions away');
  });

  it('refuses an event topic of another number of partitions, before it changes anything', async () => {
    const other = { ...settings, topicPrefix: `${prefix}x.` };
    const events = `${other.topicPrefix}${topics.events}`;
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: events, numPartitions: 4 }] });
    try {
      await expect(applyFiles(other, { file: topicsJson })).rejects.toThrow('a partition is a shard');
      expect((await admin.listTopics()).filter((name) => name.startsWith(other.topicPrefix))).toEqual([events]);
    } finally {
      await admin.deleteTopics({ topics: [events] });
    }
  });

  it('says what is wrong with a file, and that brokers without an authorizer check no access', async () => {
    await expect(applyFiles(settings, { file: join(folder, 'none.json') })).rejects.toThrow('none.json');
    const other = { ...settings, topicPrefix: `${prefix}y.` };
    await expect(applyFiles(other, { file: topicsJson, acls: true, dryRun: true })).rejects.toThrow(
      'these brokers check no access',
    );
  });
});
