import { DevelopmentIssuer } from '#access';
import type { Grants } from '#access/producers';
import { readPublicKey, registerProducer } from '#access/producers';
import { commandIdOf } from '#command-handling';
import { topics } from '#contracts';
import { developmentIssuer } from '#platform/configuration';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Message, Producer } from 'kafkajs';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { createTopics, testKafka } from '../../../test/kafka/suite.js';
import { start } from '../main.js';
import type { Signer, Wanted } from './signed-record.js';
import { signedRecord } from './signed-record.js';
import type { ReadRecord } from './topic-reader.js';
import { TopicReader } from './topic-reader.js';

/** A row of command_dead_letter. */
export interface LetterRow {
  reason: string;
  detail: string;
  claimed_producer: string | null;
  claimed_tenant: string | null;
  message_id: string | null;
  command_type: string | null;
  sealed_body: string | null;
  kafka_partition: number;
  kafka_offset: string;
}

/** The real worker on a database and topics of its own. */
export interface RunningWorker {
  database: TestDatabase;
  dataDirectory: string;
  prefix: string;
  issuer: DevelopmentIssuer;
  environment: NodeJS.ProcessEnv;
  results: TopicReader;
  letters: TopicReader;
  producer: Producer;
  /** Registers a service, or another key of one that is registered. */
  signer(name: string, grants?: Grants, algorithm?: 'ES256' | 'EdDSA'): Promise<Signer>;
  /** Publishes what is wanted and gives its message id. */
  send(signer: Signer, wanted: Wanted): Promise<string>;
  /** Publishes records as they are, in one batch. */
  publish(...messages: Message[]): Promise<void>;
  /** Publishes, and gives the result of the message. */
  ask(signer: Signer, wanted: Wanted): Promise<ReadRecord>;
  /** The results of a message, once there are `count`. */
  resultsOf(messageId: string, count?: number): Promise<Record<string, unknown>[]>;
  /** What was set aside, in the order in which it was. */
  letterRows(): Promise<LetterRow[]>;
  commandId(signer: Signer, tenantId: string, messageId: string): string;
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  close(): Promise<void>;
}

export const audience = 'billing-service';

/** `settings` adds to its own. */
export const startWorker = async (brokers: string[], settings: NodeJS.ProcessEnv = {}): Promise<RunningWorker> => {
  const database = await createTestDatabase();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-worker-'));
  const created = await createTopics(brokers);
  const { prefix } = created;
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: dataDirectory,
    DATABASE_URL: database.url('billing_command_worker'),
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    LOG_LEVEL: 'silent',
    ...settings,
  };
  const kafka = testKafka(brokers);
  const producer = kafka.producer({ idempotent: false, allowAutoTopicCreation: false });
  const [issuer, results, letters] = await Promise.all([
    DevelopmentIssuer.open({
      environment: 'test',
      keyPath: join(dataDirectory, 'development-issuer.json'),
      issuer: developmentIssuer,
      audience,
    }),
    TopicReader.open(kafka, `${prefix}${topics.results}`),
    TopicReader.open(kafka, `${prefix}${topics.deadLetters}`),
    producer.connect(),
  ]);
  let worker: Awaited<ReturnType<typeof start>> | undefined;
  const stopWorker = async () => {
    await worker?.close();
    worker = undefined;
  };
  const publish = async (...messages: Message[]) => {
    await producer.send({ topic: `${prefix}${topics.commands}`, acks: -1, messages });
  };
  const running: RunningWorker = {
    ...{ database, dataDirectory, prefix, issuer, environment, results, letters, producer, publish, stopWorker },
    signer: (name, grants, algorithm = 'ES256') => newSigner(database, name, grants, algorithm),
    send: async (signer, wanted) => {
      const { messageId, ...message } = await signedRecord(signer, wanted);
      await publish(message);
      return messageId;
    },
    ask: async (signer, wanted) => {
      const id = await running.send(signer, wanted);
      const [result] = await results.find(({ json }) => json.messageId === id);
      return result as ReadRecord;
    },
    resultsOf: async (messageId, count = 1) =>
      (await results.find(({ json }) => json.messageId === messageId, { count })).map(({ json }) => json),
    letterRows: async () => {
      const { rows } = await database.admin.query<LetterRow>(
        'select * from billing.command_dead_letter order by created_at, kafka_partition, kafka_offset',
      );
      return rows;
    },
    commandId: (signer, tenantId, messageId) => commandIdOf(tenantId, 'kafka', signer.name, messageId),
    startWorker: async () => {
      worker = await start(environment);
    },
    close: async () => {
      await stopWorker();
      await Promise.all([results.close(), letters.close(), producer.disconnect()]);
      await created.drop();
      await database.drop();
      await rm(dataDirectory, { recursive: true });
    },
  };
  await running.startWorker();
  return running;
};

/** Registers a service with a new key, as an operator would; or another key of one that is registered. */
export const newSigner = async (
  database: TestDatabase,
  name: string,
  grants: Grants = { tenants: 'all', scopes: ['billing:write'] },
  algorithm: 'ES256' | 'EdDSA' = 'ES256',
): Promise<Signer> => {
  const { publicKey, privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const key = await readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString());
  await registerProducer(database.admin, name, grants, key);
  return { name, kid: key.kid, algorithm, privateKey };
};
