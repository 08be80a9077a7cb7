import type { RecordedEvent } from '#contracts';
import type { ClientBase } from 'pg';

import { balancesReadModel } from './balances/model.js';
import { customersReadModel } from './customers/model.js';
import { paymentMethodsReadModel } from './payment-methods/model.js';
import { paymentsReadModel } from './payments/model.js';
import { refundsReadModel } from './refunds/model.js';
import type { ReadModel, Schema } from './tables/read-model.js';

/** The consumer whose checkpoint says how far the live read models are. A storage format. */
export const readModelsConsumer = 'projector:read-models';

/** Every read model, new, with a memory of its own. */
export const allReadModels = (schema: Schema = 'billing'): ReadModel[] => [
  customersReadModel(schema),
  paymentMethodsReadModel(schema),
  paymentsReadModel(schema),
  refundsReadModel(schema),
  balancesReadModel(schema),
];

/** Applies a batch to every model in one transaction: all of them have it, or none. */
export const applyInLockstep = async (
  models: readonly ReadModel[],
  events: readonly RecordedEvent[],
  client: ClientBase,
): Promise<void> => {
  for (const model of models) await model.apply(events, client);
};
