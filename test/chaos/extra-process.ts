import { roleUrl } from '#platform/migrate';

import { rolePasswords } from '../../apps/standalone/role-passwords.js';
import type { AppProcess } from '../standalone/app-process.js';
import { startAppProcess } from '../standalone/app-process.js';
import type { Standalone } from '../standalone/index.js';

/** Starts one more process of an app beside that which the supervisor runs; it reaches Kafka at `brokers`. */
export const startExtra = (
  standalone: Standalone,
  app: 'relay' | 'projector' | 'command-worker',
  brokers: readonly string[],
): Promise<AppProcess> => {
  const role = `billing_${app.replaceAll('-', '_')}`;
  return startAppProcess(app, {
    BILLING_ENV: 'development',
    BILLING_DATA_DIR: standalone.dataDirectory,
    LOG_LEVEL: 'silent',
    DATABASE_URL: roleUrl(standalone.adminUrl(), role, rolePasswords(standalone.dataDirectory)(role)),
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TOPIC_PREFIX: standalone.kafka?.topicPrefix ?? '',
  });
};
