import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

import { topics } from '#contracts';
import type { KafkaSettings } from '#platform/configuration';
import { openConsumer, openKafka, openProducer } from '#platform/kafka';
import kafkajs from 'kafkajs';

import { aclWords } from '../../apps/cli/topics/acl-changes.js';
import type { AclsFile, Grant, Service } from '../../apps/cli/topics/acls-file.js';
import { servicesOf } from '../../apps/cli/topics/acls-file.js';
import { applyFiles } from '../../apps/cli/topics/index.js';
import type { SecureKafka } from './secure.js';
import { startSecureKafka } from './secure.js';
import { describeWithKafka } from './suite.js';

// A CommonJS module, whose names Node sees only in part.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** The reviewed file, with two upstream services: what one may do must not open what is the other's. */
const acls = JSON.parse(readFileSync('deploy/kafka/acls.json', 'utf8')) as AclsFile;
acls.producers.names = ['shop', 'erp'];
const services = servicesOf(acls);
const stranger = 'billing-stranger';
const names = Object.values(topics);
const refusedTopic = 'TOPIC_AUTHORIZATION_FAILED';
const refusedGroup = 'GROUP_AUTHORIZATION_FAILED';

const clientOf = (settings: KafkaSettings) => openKafka({ settings, clientId: 'secure-spec', warn: () => undefined });
/** What the client made of a broker's refusal; elsewhere the error's own words. */
const kindOf = (error: unknown): string => {
  const { type, name, message } = error as Error & { type?: string };
  if (/topic authorization failed/i.test(message)) return refusedTopic;
  if (name === 'KafkaJSGroupCoordinatorNotFound') return refusedGroup; // it asks each broker, and keeps their reasons to itself
  return type ?? `${name}: ${message}`;
};

/** `written`, or the broker's word for why not. */
const tryToWrite = async (settings: KafkaSettings, topic: string): Promise<string> => {
  const producer = openProducer(clientOf(settings));
  try {
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ key: randomUUID(), value: '{}', partition: 0 }] });
    return 'written';
  } catch (error) {
    return kindOf(error);
  } finally {
    await producer.disconnect();
  }
};

/** `read`, or the broker's word for why not. The topics have a record each. */
const tryToRead = async (settings: KafkaSettings, groupId: string, topic: string): Promise<string> => {
  const consumer = openConsumer(clientOf(settings), { groupId });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<string>((resolve) => {
      consumer.on('consumer.crash', ({ payload }) => {
        if (!payload.restart) resolve(kindOf(payload.error)); // else it tries again: a group is being loaded
      });
      consumer
        .run({
          autoCommit: false,
          eachMessage: () => {
            resolve('read');
            return Promise.resolve();
          },
        })
        .catch((error: unknown) => {
          resolve(kindOf(error));
        });
    });
  } catch (error) {
    return kindOf(error);
  } finally {
    await consumer.disconnect();
  }
};

const topicsWith = ({ grants }: Service, operation: 'READ' | 'WRITE'): string[] =>
  grants.flatMap((grant) => ('topic' in grant && grant.operations.includes(operation) ? grant.topic : []));
const groupOf = (grant: Grant): string[] =>
  'group' in grant ? [grant.group] : 'groupsFrom' in grant ? [`${grant.groupsFrom}spec`] : [];
const groupsOf = ({ grants }: Service): string[] => grants.flatMap(groupOf);

describeWithKafka('Kafka with TLS, SCRAM and the reviewed ACLs', () => {
  let kafka: SecureKafka;
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'billing-secure-kafka-'));
    const principals = [...services.map(({ principal }) => principal), stranger];
    kafka = await startSecureKafka({ directory: folder, principals });
    const file = join(folder, 'acls.json');
    writeFileSync(file, JSON.stringify(acls));
    const options = { file: 'deploy/kafka/topics.json', acls: file };
    await applyFiles(kafka.settings(), options);
    expect(await applyFiles(kafka.settings(), options)).toEqual({ topics: [], acls: [] });
    for (const topic of names) expect(await tryToWrite(kafka.settings(), topic)).toBe('written');
  }, 120_000);
  afterAll(async () => {
    await kafka.discard();
  });

  it.each(services)('lets $principal write what it has to, and nothing else', async (service) => {
    const may = topicsWith(service, 'WRITE');
    const found = await Promise.all(
      names.map(async (topic) => [topic, await tryToWrite(kafka.settings(service.principal), topic)]),
    );
    expect(found).toEqual(names.map((topic) => [topic, may.includes(topic) ? 'written' : refusedTopic]));
  });

  it.each(services)(
    'lets $principal read what it has to, and nothing else',
    async (service) => {
      const may = topicsWith(service, 'READ');
      const [group = 'billing.none'] = groupsOf(service);
      const settings = kafka.settings(service.principal);
      for (const topic of names)
        expect([topic, await tryToRead(settings, group, topic)]).toEqual([
          topic,
          may.includes(topic) ? 'read' : refusedTopic,
        ]);
    },
    60_000,
  );

  it.each(services)("keeps $principal out of every other service's group", async (service) => {
    const own = groupsOf(service);
    const others = services.flatMap(groupsOf).filter((group) => !own.includes(group));
    const admin = clientOf(kafka.settings(service.principal)).admin();
    await admin.connect();
    const offsetsOf = (groupId: string) => admin.fetchOffsets({ groupId, topics: [] }).then(() => 'read', kindOf);
    for (const groupId of own) expect(await offsetsOf(groupId)).toBe('read');
    for (const groupId of others) expect(await offsetsOf(groupId)).toBe(refusedGroup);
    await admin.disconnect();
  });

  it.each(services)('lets $principal administer nothing', async ({ principal }) => {
    const admin = clientOf(kafka.settings(principal)).admin();
    await admin.connect();
    const acl = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: topics.commands,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${principal}`,
      host: '*',
      operation: AclOperationTypes.READ,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await expect(admin.createAcls({ acl: [acl] })).rejects.toThrow('Cluster authorization failed');
    await expect(admin.createTopics({ topics: [{ topic: 'billing.mine' }] })).rejects.toThrow();
    await expect(admin.deleteTopics({ topics: [topics.events] })).rejects.toThrow();
    await admin.disconnect();
    expect(await tryToWrite(kafka.settings(), topics.events)).toBe('written');
  });

  it('gives nothing to a login without an entry', async () => {
    const settings = kafka.settings(stranger);
    expect(await tryToWrite(settings, topics.commands)).toBe(refusedTopic);
    expect(await tryToRead(settings, 'billing.command-worker', topics.commands)).toBe(refusedTopic);
  });

  it('finds access that is not in the file, and takes it back when told to', async () => {
    const admin = clientOf(kafka.settings()).admin();
    await admin.connect();
    const acl = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: 'billing.comm',
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${stranger}`,
      host: '*',
      operation: AclOperationTypes.WRITE,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await admin.createAcls({ acl: [acl] });
    while ((await admin.describeAcls(acl)).resources.length === 0) await sleep(20); // brokers hear of it a moment later
    await admin.disconnect();
    const options = { file: 'deploy/kafka/topics.json', acls: join(folder, 'acls.json') };
    expect(aclWords(acl)).toBe(`User:${stranger} may WRITE topic billing.comm*`);
    const extra = { topics: [], acls: [{ entry: acl, action: 'not in the file' }] };
    expect(await applyFiles(kafka.settings(), options)).toEqual(extra);
    expect(await applyFiles(kafka.settings(), { ...options, prune: true })).toEqual(extra);
    expect(await applyFiles(kafka.settings(), options)).toEqual({ topics: [], acls: [] });
  });

  it('refuses a wrong password, an unknown authority, and a client that talks plain', async () => {
    const right = kafka.settings('billing-relay');
    const sasl = { username: 'billing-relay', password: 'wrong' };
    const results = await Promise.all([
      tryToWrite({ ...right, sasl }, topics.events),
      tryToWrite({ ...right, tls: {} }, topics.events),
      tryToWrite({ ...right, tls: undefined }, topics.events),
      tryToWrite({ ...right, sasl: undefined }, topics.events),
    ]);
    expect(results[0]).toContain('SASLAuthentication');
    expect(results[1]).toMatch(/self-signed certificate|unable to/);
    for (const result of results) expect(result).not.toBe('written');
  }, 60_000);

  it('speaks TLS 1.3 and nothing older', async () => {
    const [host = '', port] = (kafka.brokers[0] ?? '').split(':');
    const tls = { host, port: Number(port), ca: kafka.settings().tls?.ca };
    const modern = connect(tls);
    await once(modern, 'secureConnect');
    expect(modern.getProtocol()).toBe('TLSv1.3');
    modern.destroy();
    await expect(once(connect({ ...tls, maxVersion: 'TLSv1.2' }), 'secureConnect')).rejects.toThrow();
  });
});
