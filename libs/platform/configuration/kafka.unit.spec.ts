import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError, readConfiguration, readKafkaSettings } from './index.js';

const KAFKA_BROKERS = 'kafka-1.internal:9093, kafka-2.internal:9093';

describe('the settings of Kafka', () => {
  it('are none without brokers: Kafka is optional', () => {
    expect(readKafkaSettings({})).toBeUndefined();
    expect(readKafkaSettings({ KAFKA_BROKERS: '' })).toBeUndefined();
  });
  it('name brokers, a prefix and a login', () => {
    const settings = {
      KAFKA_BROKERS,
      KAFKA_TOPIC_PREFIX: 'eu.',
      KAFKA_SASL_USERNAME: 'relay',
      KAFKA_SASL_PASSWORD: 'p',
    };
    expect(readKafkaSettings(settings)).toEqual({
      brokers: ['kafka-1.internal:9093', 'kafka-2.internal:9093'],
      topicPrefix: 'eu.',
      tls: undefined,
      sasl: { username: 'relay', password: 'p' },
    });
  });
  it('read the authority that is trusted from its file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'billing-kafka-'));
    const file = join(directory, 'ca.pem');
    writeFileSync(file, 'PEM');
    expect(readKafkaSettings({ KAFKA_BROKERS, KAFKA_TLS_CA: file })?.tls).toEqual({ ca: 'PEM' });
    expect(readKafkaSettings({ KAFKA_BROKERS, KAFKA_TLS: '1' })?.tls).toEqual({});
    rmSync(directory, { recursive: true });
  });
  it.each([
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'kafka.internal' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'a:1,' }],
    ['KAFKA_TOPIC_PREFIX', { KAFKA_BROKERS, KAFKA_TOPIC_PREFIX: 'a b' }],
    ['KAFKA_TLS', { KAFKA_BROKERS, KAFKA_TLS: 'yes' }],
    ['KAFKA_TLS_CA', { KAFKA_BROKERS, KAFKA_TLS_CA: '/nowhere/ca.pem' }],
    ['KAFKA_SASL_USERNAME', { KAFKA_BROKERS, KAFKA_SASL_USERNAME: 'relay' }],
  ])('name %s when it is wrong', (name, environment) => {
    expect(() => readKafkaSettings(environment)).toThrow(ConfigurationError);
    expect(() => readKafkaSettings(environment)).toThrow(name);
  });
  it('must have TLS in production', () => {
    const production = {
      BILLING_ENV: 'production',
      AUDIT_ORIGIN: 'billing.example.com/audit',
      DATABASE_URL: 'postgres://u:p@db.internal/billing?sslmode=verify-full',
      AUTH_ISSUER: 'https://id.example.com',
      KMS_PROVIDER: 'aws',
      KAFKA_BROKERS,
    };
    expect(() => readConfiguration(production)).toThrow('needs TLS in production');
    expect(() => readKafkaSettings(production)).toThrow('needs TLS in production'); // as the command line reads them
    expect(readConfiguration({ ...production, KAFKA_TLS: '1' }).kafka?.tls).toEqual({});
  });
});
