import { readFileSync } from 'node:fs';

import { ConfigurationError } from './configuration-error.js';

/** How to reach Kafka. */
export interface KafkaSettings {
  /** `host:port`, one at least. */
  brokers: string[];
  /** Put before every topic and group name: for tests and for clusters that are shared. Mostly empty. */
  topicPrefix: string;
  /** PEM texts; undefined talks plain. Without `ca` the system's authorities are trusted. */
  tls: { ca?: string; cert?: string; key?: string } | undefined;
  /** SCRAM-SHA-512. */
  sasl: { username: string; password: string } | undefined;
}

const brokerForm = /^(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i;
const prefixForm = /^[\w.-]{0,40}$/;

/**
 * Reads the KAFKA_ variables; undefined where KAFKA_BROKERS names none: then the log is read from Postgres. Throws
 * ConfigurationError for the first wrong one, and in production where TLS is off.
 */
export const readKafkaSettings = (environment: NodeJS.ProcessEnv): KafkaSettings | undefined => {
  const brokers = (environment.KAFKA_BROKERS ?? '').split(',').map((broker) => broker.trim());
  if (brokers.length === 1 && brokers[0] === '') return undefined;
  if (!brokers.every((broker) => brokerForm.test(broker))) {
    throw new ConfigurationError('KAFKA_BROKERS must be host:port, or several of them divided by commas');
  }
  const topicPrefix = environment.KAFKA_TOPIC_PREFIX ?? '';
  if (!prefixForm.test(topicPrefix)) {
    throw new ConfigurationError('KAFKA_TOPIC_PREFIX must be at most 40 letters, digits, dots, dashes and underscores');
  }
  const tls = tlsOf(environment);
  if (environment.BILLING_ENV === 'production' && tls === undefined) {
    throw new ConfigurationError(
      'KAFKA_BROKERS needs TLS in production: set KAFKA_TLS=1, or KAFKA_TLS_CA to your own authority',
    );
  }
  return { brokers, topicPrefix, tls, sasl: saslOf(environment) };
};

const tlsOf = (environment: NodeJS.ProcessEnv): KafkaSettings['tls'] => {
  const [ca, cert, key] = ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'].map((name) => pemOf(environment, name));
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigurationError('KAFKA_TLS_CERT and KAFKA_TLS_KEY belong together: set both or neither');
  }
  const wanted = environment.KAFKA_TLS ?? '';
  if (!['', '0', '1'].includes(wanted)) throw new ConfigurationError('KAFKA_TLS must be 1 or 0');
  if (wanted !== '1' && ca === undefined && cert === undefined) return undefined;
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
};

const pemOf = (environment: NodeJS.ProcessEnv, name: string): string | undefined => {
  const file = environment[name];
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`${name} must name a PEM file that can be read: ${(error as Error).message}`);
  }
};

const saslOf = ({ KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD }: NodeJS.ProcessEnv): KafkaSettings['sasl'] => {
  const [username, password] = [KAFKA_SASL_USERNAME ?? '', KAFKA_SASL_PASSWORD ?? ''];
  if ((username === '') !== (password === '')) {
    throw new ConfigurationError('KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD belong together: set both or neither');
  }
  return username === '' ? undefined : { username, password };
};
