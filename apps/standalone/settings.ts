import type { Configuration, InboundSettings, KafkaSettings } from '#platform/configuration';
import { ConfigurationError, developmentIssuer, readConfiguration, readInboundSettings } from '#platform/configuration';

import type { FirstAuditKey } from './first-audit-key.js';

/** What the standalone is told by its environment. */
export interface StandaloneSettings {
  environment: 'development' | 'test' | 'production';
  /** absolute */
  dataDirectory: string;
  /** 0 asks for any free one */
  ports: { PORT: number; WEBHOOK_PORT: number; SANDBOX_PORT: number; SERVICE_PORT: number };
  /** where and how the api and the webhooks listen */
  inbound: { api: InboundSettings; webhooks: InboundSettings };
  /** the first of the ports on which the apps without an api serve their metrics; undefined: they do not */
  metricsPort: number | undefined;
  /** an external Postgres, as an administrator; undefined asks for the embedded one */
  databaseUrl: string | undefined;
  /** whether the roles of an external Postgres get this data directory's passwords even where another one has set theirs */
  resetRolePasswords: boolean;
  /** whether our own stand-in for Stripe runs: not in production, and not when the reader named Stripe or gave a key of it */
  sandbox: boolean;
  stripe: Configuration['stripe'];
  /** the brokers that the log and the commands go through; undefined: the log is read from Postgres, and commands come over HTTP */
  kafka: KafkaSettings | undefined;
  /** whose tokens the api takes; undefined: those of the development issuer */
  issuer: string | undefined;
  /** the variables that say so, for the apps that talk to Kafka and no other */
  kafkaVariables: NodeJS.ProcessEnv;
  /** what opens the keyring, for the apps that hold keys and no other */
  keyringVariables: NodeJS.ProcessEnv;
  /** the key that signs the audit log of a trial from the first start on; undefined: an operator introduces it */
  firstAuditKey: FirstAuditKey | undefined;
  /** everything else, for the apps: what the standalone was given, without the credentials that not each of them may have */
  inherited: NodeJS.ProcessEnv;
}

const port = (environment: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const text = environment[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new ConfigurationError(`${name} must be a port number from 0 (any free one) to 65535`);
  }
  return Number(text);
};

/**
 * Reads the environment, in which BILLING_ENV defaults to development and DATABASE_URL to the embedded Postgres.
 * @throws ConfigurationError with one line that names the first wrong variable
 */
export const readSettings = (given: NodeJS.ProcessEnv): StandaloneSettings => {
  const environment = given.BILLING_ENV === '' ? undefined : given.BILLING_ENV;
  const databaseUrl = given.DATABASE_URL === '' ? undefined : given.DATABASE_URL;
  const configuration = readConfiguration({
    ...given,
    BILLING_ENV: environment ?? 'development',
    DATABASE_URL: databaseUrl ?? 'postgres://embedded',
  });
  const { stripe, kms, audit } = configuration;
  const inbound = { api: readInboundSettings(given, 'api'), webhooks: readInboundSettings(given, 'webhook-ingest') };
  const {
    DATABASE_URL: _database,
    STRIPE_API_KEY: _key,
    STRIPE_WEBHOOK_SECRET: _secret,
    STRIPE_CONNECT_WEBHOOK_SECRET: _connectSecret,
    METRICS_PORT: _metrics,
    ...others
  } = given;
  const isKafka = (name: string): boolean => name.startsWith('KAFKA_');
  const isKeyring = (name: string): boolean => name.startsWith('BILLING_KEYRING_');
  const part = (wanted: (name: string) => boolean): NodeJS.ProcessEnv =>
    Object.fromEntries(Object.entries(others).filter(([name]) => wanted(name)));
  return {
    environment: configuration.environment,
    dataDirectory: configuration.dataDirectory,
    ports: {
      PORT: port(given, 'PORT', 3000),
      WEBHOOK_PORT: port(given, 'WEBHOOK_PORT', 3001),
      SANDBOX_PORT: port(given, 'SANDBOX_PORT', 3002),
      SERVICE_PORT: inbound.api.servicePort ?? 0,
    },
    inbound,
    metricsPort: configuration.metricsPort,
    databaseUrl,
    resetRolePasswords: given.BILLING_RESET_ROLE_PASSWORDS === '1',
    sandbox:
      configuration.environment !== 'production' && (stripe.apiBase ?? '') === '' && (stripe.apiKey ?? '') === '',
    stripe,
    kafka: configuration.kafka,
    issuer: configuration.auth.issuer === developmentIssuer ? undefined : configuration.auth.issuer,
    kafkaVariables: part(isKafka),
    keyringVariables: part(isKeyring),
    firstAuditKey: kms.provider === 'local' ? { origin: audit.origin, kms } : undefined,
    inherited: part((name) => !isKafka(name) && !isKeyring(name)),
  };
};
