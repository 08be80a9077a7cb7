import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';

import type { KafkaSettings } from '#platform/configuration';
import { readKafkaSettings } from '#platform/configuration';

import { brokerSubject, makeCertificates } from './certificates.js';
import { startKafka } from './index.js';
import type { Security } from './properties.js';

const administrator = 'admin';

export interface SecureKafkaOptions {
  /** Holds everything the broker writes, and the certificates. Of this run alone. */
  directory: string;
  /** The logins beside the administrator's; they may do nothing until access is given. */
  principals: readonly string[];
  log?: (line: string) => void;
}

/** A broker as in production: TLS 1.3, SCRAM-SHA-512, and nothing allowed that no ACL allows. */
export interface SecureKafka {
  brokers: string[];
  /** The variables with which a login connects; the administrator (`admin`) by default. */
  environment(principal?: string): NodeJS.ProcessEnv;
  /** The same, read. */
  settings(principal?: string): KafkaSettings;
  /** Ends it at once and removes the directory. */
  discard(): Promise<void>;
}

/**
 * Starts it. The passwords are random, and part of how the storage is formatted.
 * @throws NoBroker where this machine cannot run one
 */
export const startSecureKafka = async ({ directory, principals, log }: SecureKafkaOptions): Promise<SecureKafka> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const passwords = new Map([administrator, ...principals].map((name) => [name, randomBytes(16).toString('hex')]));
  const passwordOf = (principal: string): string => {
    const password = passwords.get(principal);
    if (password === undefined) throw new Error(`${principal} is no login of this broker`);
    return password;
  };
  const certificates = await makeCertificates(directory);
  const security: Security = {
    protocol: 'SASL_SSL',
    formatArguments: [...passwords].flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]),
    properties: {
      'listener.security.protocol.map': 'CLIENTS:SASL_SSL,CONTROLLER:SSL',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
      'listener.name.clients.scram-sha-512.sasl.jaas.config':
        `org.apache.kafka.common.security.scram.ScramLoginModule required username="${administrator}" ` +
        `password="${passwordOf(administrator)}";`,
      'ssl.protocol': 'TLSv1.3',
      'ssl.enabled.protocols': 'TLSv1.3',
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': certificates.keystore,
      'ssl.keystore.password': certificates.password,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.authority,
      'listener.name.controller.ssl.client.auth': 'required',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'false',
      'super.users': `User:${administrator};User:${brokerSubject}`,
    },
  };
  const kafka = await startKafka({ directory, security, ...(log && { log }) });
  const environment = (principal = administrator): NodeJS.ProcessEnv => ({
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_TLS_CA: certificates.authority,
    KAFKA_SASL_USERNAME: principal,
    KAFKA_SASL_PASSWORD: passwordOf(principal),
  });
  return {
    brokers: kafka.brokers,
    environment,
    settings: (principal) => {
      const settings = readKafkaSettings(environment(principal));
      if (!settings) throw new Error('KAFKA_BROKERS names no broker');
      return settings;
    },
    discard: () => kafka.discard(),
  };
};
