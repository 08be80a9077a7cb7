import type { AccessAudit, TokenVerifier } from '#access';
import { openTokenVerifier } from '#access';
import { ProducerDirectory } from '#access/producers';
import { TenantStanding } from '#access/tenancy';
import type { CommandHandlingParts } from '#command-handling';
import { AccessRecorder } from '#command-handling/access-record';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, openKeyManagement } from '#keys';
import type { Configuration } from '#platform/configuration';
import { ConfigurationError } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { KafkaSettings } from '#platform/kafka';
import { openKafka } from '#platform/kafka';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import type { Kafka } from 'kafkajs';

/** What the command worker holds open while it runs. It holds no Stripe key. */
export interface CommandWorkerParts extends CommandHandlingParts {
  kafka: Kafka;
  settings: KafkaSettings;
  producers: ProducerDirectory;
  verifier: TokenVerifier;
  standing: TenantStanding;
  audit: AccessAudit;
  logger: Logger;
  metrics: Registry;
  close(): Promise<void>;
}

/** Opens pools and keys. Throws ConfigurationError for what this release cannot serve, and without KAFKA_BROKERS. */
export const openCommandWorkerParts = async (configuration: Configuration): Promise<CommandWorkerParts> => {
  const { databaseUrl, environment, kafka: settings } = configuration;
  if (!settings) throw new ConfigurationError('KAFKA_BROKERS is required by the command worker');
  const logger = createLogger({ app: 'command-worker', level: configuration.logLevel });
  const metrics = createMetrics('command-worker');
  const kms = await openKeyManagement(configuration.kms, environment, { metrics, logger });
  const warn = (message: string, context: Record<string, unknown>) => {
    logger.warn(context, message);
  };
  const onError = (error: Error) => {
    warn('an idle database connection was lost', { error: error.message });
  };
  const pool = openPool({ url: databaseUrl, app: 'command-worker', max: 4, onError });
  const appendPool = openPool({ url: databaseUrl, app: 'command-worker append', max: 4, onError });
  const producers = new ProducerDirectory(pool);
  const { verifier } = await openTokenVerifier(configuration, { services: producers, logger, metrics });
  const shards = new TenantShards(pool);
  const batcher = new Batcher(appendOver(appendPool));
  const audit = new AccessRecorder({ shards, batcher, app: 'command-worker', metrics, logger });
  return {
    logger,
    metrics,
    pool,
    shards,
    reader: new StreamReader(pool),
    batcher,
    tail: { next: () => Promise.resolve(undefined) }, // no command here waits for the processor
    keys: new Keys({
      app: 'command-worker',
      environment,
      kms,
      tenantKeys: new PostgresTenantKeyStore(pool),
      subjectKeys: new PostgresSubjectKeyStore(pool),
    }),
    kafka: openKafka({ settings, clientId: 'billing-command-worker', warn }),
    settings,
    producers,
    verifier,
    standing: new TenantStanding(pool),
    audit,
    close: async () => {
      await audit.close();
      await Promise.all([pool.end(), appendPool.end()]);
    },
  };
};
