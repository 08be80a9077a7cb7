import type { KafkaSettings } from '#platform/kafka';

import type { TestDatabase } from '../../database/index.js';

/** A database with a generated log, and a broker with empty topics. */
export interface Surroundings {
  database: TestDatabase;
  kafka: KafkaSettings;
}

/** How many events the log has. */
export const lengthOf = async ({ admin }: TestDatabase): Promise<number> => {
  const { rows } = await admin.query<{ events: string }>('select sum(position) as events from billing.log_head');
  return Number(rows[0]?.events);
};
