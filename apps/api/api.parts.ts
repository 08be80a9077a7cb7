import type { AccessAudit, DevelopmentIssuer, TokenVerifier } from '#access';
import { openTokenVerifier } from '#access';
import { ProducerDirectory } from '#access/producers';
import { TenantStanding } from '#access/tenancy';
import { boundedLog } from '#audit-log';
import { keysThatSign, readKeyHistory } from '#audit-log/keys';
import type { CommandHandlingParts } from '#command-handling';
import { AccessRecorder } from '#command-handling/access-record';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, SecretAges, openKeyManagement } from '#keys';
import { LogTail } from '#log';
import { openObjectStore } from '#object-store';
import type { CheckoutSettings, Configuration } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import { AuditLimits } from './audit/limits.js';
import { PublishedLog } from './audit/published-log.js';
import { RateLimits } from './http/rate-limits.js';
import { observeLog } from './log-metrics.js';

/** What the api holds open while it runs. It holds no Stripe key. */
export interface ApiParts extends CommandHandlingParts {
  logger: Logger;
  metrics: Registry;
  verifier: TokenVerifier;
  /** Only while no other issuer is configured, and never in production. */
  issuer: DevelopmentIssuer | undefined;
  limits: RateLimits;
  standing: TenantStanding;
  checkout: CheckoutSettings;
  audit: AccessAudit;
  auditLog: PublishedLog;
  auditLimits: AuditLimits;
  /** What a person should look at although the work goes on. */
  warnings: Warnings;
  /** How old the secrets of the processor are, none of which it can read. */
  ages: SecretAges;
  close(): Promise<void>;
}

/** Opens pools, keys and the tail of the log. Throws ConfigurationError for what this release cannot serve. */
export const openApiParts = async (configuration: Configuration, checkout: CheckoutSettings): Promise<ApiParts> => {
  const { databaseUrl, environment } = configuration;
  const logger = createLogger({ app: 'api', level: configuration.logLevel });
  const onError = (error: Error) => logger.warn({ error: error.message }, 'an idle database connection was lost');
  const pool = openPool({ url: databaseUrl, app: 'api', max: 8, onError });
  const appendPool = openPool({ url: databaseUrl, app: 'api append', max: 4, onError });
  const metrics = createMetrics('api');
  const warnings = new Warnings(metrics);
  const kms = await openKeyManagement(configuration.kms, environment, { metrics, logger, warnings });
  const tail = new LogTail(pool, databaseUrl, { warn: (message, context) => logger.warn(context, message) });
  await tail.start();
  const services = new ProducerDirectory(pool);
  const { verifier, issuer } = await openTokenVerifier(configuration, { services, logger, metrics });
  observeLog(metrics, pool);
  const shards = new TenantShards(pool);
  const batcher = new Batcher(appendOver(appendPool));
  const audit = new AccessRecorder({ shards, batcher, app: 'api', metrics, logger });
  return {
    logger,
    metrics,
    pool,
    shards,
    reader: new StreamReader(pool),
    batcher,
    tail,
    keys: new Keys({
      app: 'api',
      environment,
      kms,
      tenantKeys: new PostgresTenantKeyStore(pool),
      subjectKeys: new PostgresSubjectKeyStore(pool),
    }),
    verifier,
    issuer,
    limits: new RateLimits(configuration.rateLimits, metrics),
    standing: new TenantStanding(pool),
    checkout,
    audit,
    auditLog: openPublishedLog(pool, configuration),
    auditLimits: new AuditLimits(configuration.rateLimits.audit),
    warnings,
    ages: new SecretAges({ environment, pool, metrics, warnings }),
    close: async () => {
      await tail.close();
      await audit.close();
      await Promise.all([pool.end(), appendPool.end()]);
    },
  };
};

/** Whose log it is, Postgres says: who writes to the store alone cannot make themselves believed. */
const openPublishedLog = (pool: Pool, { audit: { log, origin } }: Configuration): PublishedLog =>
  new PublishedLog(boundedLog(openObjectStore(log)), origin, async () =>
    keysThatSign(await readKeyHistory(pool, origin)),
  );
