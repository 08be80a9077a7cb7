import type { Topic } from '#contracts';
import type { Consumer, ConsumerConfig, LogEntry, Producer } from 'kafkajs';
import { Kafka, Partitioners, logLevel } from 'kafkajs';

import type { KafkaSettings } from '../configuration/index.js';
import { boundRecordHeaders } from './record-headers.js';

export type { KafkaSettings };

export interface KafkaOptions {
  settings: KafkaSettings;
  /** Shows in the broker's logs and metrics. */
  clientId: string;
  /** What the client has to say; never a record's content. */
  warn: (message: string, context: Record<string, unknown>) => void;
}

/**
 * A client of the brokers in `settings`: TLS 1.3 with verified certificates where TLS is on, SCRAM-SHA-512 where there is a
 * login. A call is tried for about ten seconds and then fails: who calls decides whether to begin again.
 */
export const openKafka = ({ settings, clientId, warn }: KafkaOptions): Kafka => {
  boundRecordHeaders();
  const { brokers, tls, sasl } = settings;
  return new Kafka({
    clientId,
    brokers,
    ...(tls && { ssl: { ...tls, minVersion: 'TLSv1.3', rejectUnauthorized: true } }),
    ...(sasl && { sasl: { mechanism: 'scram-sha-512', ...sasl } }),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      warn(`kafka: ${entry.log.message}`, contextOf(entry));
    },
  });
};

/** The name of a topic in the cluster of `settings`. */
export const topicName = ({ topicPrefix }: KafkaSettings, topic: Topic): string => `${topicPrefix}${topic}`;

/** The consumer group in which the processes of a consumer share the partitions. */
export const groupName = ({ topicPrefix }: KafkaSettings, consumer: string): string =>
  `${topicPrefix}billing.${consumer}`;

/**
 * A producer that stores what it acknowledges: all replicas in sync answer, and never `idempotent`, with which kafkajs loses
 * records (docs/adr/0008-kafka.md). Whoever sends keeps one batch in flight a partition.
 */
export const openProducer = (kafka: Kafka): Producer =>
  kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 5,
    createPartitioner: Partitioners.DefaultPartitioner, // said, so that kafkajs does not warn of a default of long ago
  });

/** A consumer of a group that never commits by itself, and whose partitions others take over within seconds of its death. */
export const openConsumer = (
  kafka: Kafka,
  config: Pick<ConsumerConfig, 'groupId' | 'maxBytesPerPartition'>,
): Consumer =>
  kafka.consumer({
    maxWaitTimeInMs: 500, // closing waits for the fetch at hand
    sessionTimeout: 6_000, // the least that brokers take unless told otherwise
    heartbeatInterval: 1_000,
    rebalanceTimeout: 10_000,
    allowAutoTopicCreation: false,
    ...config,
  });

const contextOf = ({
  namespace,
  log: { message: _message, timestamp: _timestamp, logger: _logger, ...rest },
}: LogEntry) => ({
  namespace,
  ...Object.fromEntries(
    Object.entries(rest).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  ),
});
