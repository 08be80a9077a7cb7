import {
  Keys,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  PostgresTenantKeyring,
  SecretAges,
  TenantKeyRotation,
  openKeyManagement,
  openedFor,
} from '#keys';
import type { Log } from '#log';
import { logObserver, openLog } from '#log';
import type { Configuration } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Processor } from '#processor';
import type { Pool } from 'pg';

import { Credentials } from './credentials/index.js';
import type { KeyKeeping } from './keeper/key-keeper.js';

/** What the gateway holds open while it runs. It alone holds a Stripe key. */
export interface GatewayParts {
  environment: string;
  pool: Pool;
  log: Log;
  keys: Keys;
  platformKeys: PlatformKeys;
  keyKeeping: KeyKeeping;
  /** 0: only when an operator asks. */
  reconcileEveryHours: number;
  processor: Processor;
  /** Whether no call since then can have been sent with another API key than the present one. */
  isOneKeySince: (at: Date) => boolean;
  logger: Logger;
  metrics: Registry;
  /** What a person should look at although the work goes on. */
  warnings: Warnings;
  isReady(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Opens the pool, the log, the keys and the processor. Throws ConfigurationError for what this release cannot serve, and where no key of
 * Stripe is stored that this environment may use.
 */
export const openGatewayParts = async (configuration: Configuration): Promise<GatewayParts> => {
  const { databaseUrl, environment, stripe, kafka } = configuration;
  const logger = createLogger({ app: 'gateway', level: configuration.logLevel });
  const metrics = createMetrics('gateway');
  const warnings = new Warnings(metrics);
  const kms = await openKeyManagement(configuration.kms, environment, { metrics, logger, warnings });
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'gateway', max: 8, onError });
  const platformKeys = new PlatformKeys({
    app: 'gateway',
    environment,
    kms,
    store: new PostgresPlatformKeyStore(pool),
  });
  const ages = new SecretAges({ environment, pool, metrics, warnings });
  const opened = openedFor(configuration.secretsOpenMinutes);
  const opening = Credentials.open({
    environment,
    stripe,
    pool,
    keys: platformKeys,
    opened,
    metrics,
    warnings,
    logger,
  });
  const credentials = await opening.catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  const log = openLog({ pool, databaseUrl, kafka, app: 'gateway', observer: logObserver(logger, metrics) });
  const tenantKeys = new PostgresTenantKeyStore(pool);
  const subjectKeys = new PostgresSubjectKeyStore(pool);
  const openKeys = () => new Keys({ app: 'gateway', environment, kms, tenantKeys, subjectKeys });
  const keyring = new PostgresTenantKeyring(pool);
  return {
    environment,
    pool,
    log,
    keys: openKeys(),
    platformKeys,
    keyKeeping: {
      rotation: new TenantKeyRotation({ app: 'gateway', environment, kms, keyring }),
      keys: openKeys(),
      lifeDays: configuration.keyRotationDays,
      warnings,
    },
    reconcileEveryHours: configuration.reconcileEveryHours,
    processor: credentials.processor,
    isOneKeySince: credentials.isOneKeySince,
    logger,
    metrics,
    warnings,
    isReady: () => Promise.all([pool.query('select from billing.processor_call limit 1'), ages.look()]),
    close: async () => {
      await credentials.close();
      await log.close();
      await pool.end();
    },
  };
};
