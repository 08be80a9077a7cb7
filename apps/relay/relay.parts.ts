import type { Configuration } from '#platform/configuration';
import { ConfigurationError } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';

import { RelayMetrics } from './metrics.js';
import type { RelayObserver } from './observer.js';
import { Relay } from './relay.js';

/** What the relay holds open while it runs. It opens no key: what is sealed in the log is sealed in Kafka. */
export interface RelayParts {
  relay: Relay;
  logger: Logger;
  metrics: Registry;
  close(): Promise<void>;
}

/** Opens the pool and puts the relay together, without starting it. Throws ConfigurationError without Kafka. */
export const openRelayParts = ({ databaseUrl, logLevel, kafka }: Configuration): RelayParts => {
  if (!kafka)
    throw new ConfigurationError('KAFKA_BROKERS is required by the relay: without Kafka there is nothing to relay to');
  const logger = createLogger({ app: 'relay', level: logLevel });
  const metrics = createMetrics('relay');
  const told = new RelayMetrics(metrics);
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'relay', max: 4, statementTimeoutMs: 10_000, onError });
  const relay = new Relay({ pool, databaseUrl, kafka, observer: observerOf(logger, told) });
  told.watch(relay, pool);
  return { relay, logger, metrics, close: () => pool.end() };
};

const observerOf = (logger: Logger, metrics: RelayMetrics): RelayObserver => ({
  sent: (records) => {
    metrics.sent(records);
  },
  failed: (error, failures) => {
    metrics.failed(error);
    logger.warn({ error: String(error), failures }, 'carrying events to Kafka failed and is tried again');
  },
  halted: (shard, reason, error) => {
    logger.error({ shard, reason }, error);
  },
  warn: (message, context) => {
    logger.warn(context, message);
  },
});
