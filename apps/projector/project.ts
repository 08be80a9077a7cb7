import type { Subscription } from '#log';
import { Counter } from '#platform/metrics';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';

import type { ProjectorParts } from './projector.parts.js';

/** Large enough to catch up fast, small enough that a batch is a matter of milliseconds. */
const batchSize = 1_000;
/** Under load, what happens to one payment within this time is folded at once and written once. */
const gatherMs = 40;

/** Starts the one subscription that keeps every read model, all of them at the same position at any time. */
export const project = async ({ log, metrics }: Pick<ProjectorParts, 'log' | 'metrics'>): Promise<Subscription> => {
  const models = allReadModels();
  const applied = new Counter({
    name: 'billing_projector_events_total',
    help: 'Events applied to the read models.',
    registers: [metrics],
  });
  return log.subscribe({
    consumer: readModelsConsumer,
    batchSize,
    gatherMs,
    handle: async (events, client) => {
      // What a crash of Postgres takes away here it takes together with the checkpoint, and the log brings it back.
      await client.query('set local synchronous_commit = off');
      await applyInLockstep(models, events, client);
    },
    committed: (events) => {
      for (const model of models) model.committed();
      applied.inc(events.length);
    },
    overtaken: () => {
      for (const model of models) model.forget();
    },
  });
};
