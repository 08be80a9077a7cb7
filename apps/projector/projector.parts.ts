import type { Log } from '#log';
import { logObserver, openLog } from '#log';
import type { Configuration } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';

/** What the projector holds open while it runs. It opens no key: what is sealed in the log stays sealed in the read models. */
export interface ProjectorParts {
  log: Log;
  logger: Logger;
  metrics: Registry;
  close(): Promise<void>;
}

/** Opens the pool and the log. */
export const openProjectorParts = ({ databaseUrl, logLevel, kafka }: Configuration): ProjectorParts => {
  const logger = createLogger({ app: 'projector', level: logLevel });
  const metrics = createMetrics('projector');
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'projector', max: 4, onError });
  const log = openLog({ pool, databaseUrl, kafka, app: 'projector', observer: logObserver(logger, metrics) });
  return {
    log,
    logger,
    metrics,
    close: async () => {
      await log.close();
      await pool.end();
    },
  };
};
