import {
  Keys,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  openKeyManagement,
} from '#keys';
import type { Log } from '#log';
import { logObserver, openLog } from '#log';
import type { Configuration } from '#platform/configuration';
import { ConfigurationError } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import type { Processor } from '#processor';
import { StripeProcessor } from '#processor/stripe';
import type { Pool } from 'pg';

/** What the gateway holds open while it runs. It alone holds a Stripe key. */
export interface GatewayParts {
  environment: string;
  pool: Pool;
  log: Log;
  keys: Keys;
  platformKeys: PlatformKeys;
  /** 0: only when an operator asks. */
  reconcileEveryHours: number;
  processor: Processor;
  logger: Logger;
  metrics: Registry;
  close(): Promise<void>;
}

/** Opens the pool, the log, the keys and the processor. Throws ConfigurationError for what this release cannot serve. */
export const openGatewayParts = async (configuration: Configuration): Promise<GatewayParts> => {
  const { databaseUrl, environment, stripe, kafka } = configuration;
  if (!stripe.apiKey) throw new ConfigurationError('STRIPE_API_KEY is required by the gateway');
  const logger = createLogger({ app: 'gateway', level: configuration.logLevel });
  const kms = await openKeyManagement(configuration.kms, environment);
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'gateway', max: 8, onError });
  const metrics = createMetrics('gateway');
  const log = openLog({ pool, databaseUrl, kafka, app: 'gateway', observer: logObserver(logger, metrics) });
  const tenantKeys = new PostgresTenantKeyStore(pool);
  const subjectKeys = new PostgresSubjectKeyStore(pool);
  return {
    environment,
    pool,
    log,
    keys: new Keys({ app: 'gateway', environment, kms, tenantKeys, subjectKeys }),
    platformKeys: new PlatformKeys({ app: 'gateway', environment, kms, store: new PostgresPlatformKeyStore(pool) }),
    reconcileEveryHours: configuration.reconcileEveryHours,
    processor: new StripeProcessor({ apiKey: stripe.apiKey, apiBase: stripe.apiBase }),
    logger,
    metrics,
    close: async () => {
      await log.close();
      await pool.end();
    },
  };
};
