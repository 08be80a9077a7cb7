import { AccessRecorder } from '#command-handling/access-record';
import { Batcher, TenantShards, appendOver } from '#event-store';
import type { Environment, KeyCacheLimits } from '#keys';
import {
  PlatformKeyRotation,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresProcessorSecrets,
  SecretAges,
  openKeyManagement,
  openedFor,
} from '#keys';
import type { Configuration } from '#platform/configuration';
import { openPool } from '#platform/database';
import { DeniedNetworks } from '#platform/http';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import type { InboxKeyKeeping } from './inbox/index.js';
import { Inbox } from './inbox/index.js';
import { IngestMetrics } from './metrics.js';
import { Reception } from './receive/reception.js';
import { EndpointSecrets } from './secrets/endpoint-secrets.js';
import { storeFirstSecrets } from './secrets/first-secrets.js';

/** What the ingest holds open while it runs. It holds no Stripe key and calls nobody. */
export interface WebhookIngestParts {
  environment: Environment;
  pool: Pool;
  appendPool: Pool;
  keys: PlatformKeys;
  keyKeeping: InboxKeyKeeping;
  inbox: Inbox;
  reception: Reception;
  /** Those whose deliveries keep not verifying. */
  networks: DeniedNetworks;
  ingestMetrics: IngestMetrics;
  audit: AccessRecorder;
  logger: Logger;
  metrics: Registry;
  /** What a person should look at although the work goes on. */
  warnings: Warnings;
  ages: SecretAges;
  close(): Promise<void>;
}

export interface PartsOptions {
  /** Where finished log lines go; standard output by default. */
  write?: (line: string) => void;
  now?: () => Date;
  /** Of the keys that it has in clear. */
  keyCache?: KeyCacheLimits;
}

/** Opens pools, keys and the inbox. Throws ConfigurationError for what this release cannot serve. */
export const openWebhookIngestParts = async (
  configuration: Configuration,
  { write, now, keyCache }: PartsOptions = {},
): Promise<WebhookIngestParts> => {
  const { databaseUrl, environment, stripe } = configuration;
  const logger = createLogger({ app: 'webhook-ingest', level: configuration.logLevel, ...(write && { write }) });
  const metrics = createMetrics('webhook-ingest');
  const warnings = new Warnings(metrics);
  const kms = await openKeyManagement(configuration.kms, environment, { metrics, logger, warnings });
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'webhook-ingest', max: 4, onError });
  const appendPool = openPool({ url: databaseUrl, app: 'webhook-ingest append', max: 4, onError });
  const close = async (): Promise<void> => {
    await Promise.all([pool.end(), appendPool.end()]);
  };
  const ofIngest = { app: 'webhook-ingest', environment, kms } as const;
  const keyStore = new PostgresPlatformKeyStore(pool);
  const keys = new PlatformKeys({ ...ofIngest, store: keyStore, cache: keyCache });
  const store = new PostgresProcessorSecrets(pool);
  try {
    await storeFirstSecrets({ environment, stripe, store, keys, logger });
  } catch (error) {
    await close();
    throw error;
  }
  const inbox = new Inbox(pool);
  const ingestMetrics = new IngestMetrics(metrics, inbox);
  const networks = new DeniedNetworks(configuration.rateLimits.denied);
  const batcher = new Batcher(appendOver(appendPool));
  const audit = new AccessRecorder({ shards: new TenantShards(pool), batcher, app: 'webhook-ingest', metrics, logger });
  const opened = openedFor(configuration.secretsOpenMinutes);
  const secrets = new EndpointSecrets({ environment, store, keys, opened, metrics: ingestMetrics, logger });
  return {
    environment,
    pool,
    appendPool,
    keys,
    keyKeeping: {
      store: keyStore,
      rotation: new PlatformKeyRotation({ ...ofIngest, store: keyStore }),
      lifeDays: configuration.keyRotationDays,
    },
    inbox,
    reception: new Reception({ environment, secrets, keys, inbox, metrics: ingestMetrics, networks, logger, now }),
    networks,
    ingestMetrics,
    audit,
    logger,
    metrics,
    warnings,
    ages: new SecretAges({ environment, pool, metrics, warnings }),
    close: async () => {
      await audit.close();
      await close();
    },
  };
};
