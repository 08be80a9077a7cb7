import { PostgresLog } from '#log';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';

import type { TestDatabase } from '../../../test/database/index.js';

/** The read models, kept as the projector keeps them. */
export interface KeptReadModels {
  /** Resolves once they have everything that is in the log now. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

export const keepReadModels = async (database: TestDatabase): Promise<KeptReadModels> => {
  const role = 'billing_projector';
  const log = new PostgresLog(database.pool(role), database.url(role), { warn: () => undefined });
  const models = allReadModels();
  const subscription = await log.subscribe({
    consumer: readModelsConsumer,
    handle: (events, client) => applyInLockstep(models, events, client),
    committed: () => {
      for (const model of models) model.committed();
    },
  });
  return { caughtUp: () => subscription.whenCaughtUp(), close: () => log.close() };
};
