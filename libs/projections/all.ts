import type { ClientBase } from 'pg';

import { balancesReadModel } from './balances/model.js';
import { customersReadModel } from './customers/model.js';
import { disputesReadModel } from './disputes/model.js';
import { paymentMethodsReadModel } from './payment-methods/model.js';
import { paymentsReadModel } from './payments/model.js';
import { processorObjectsReadModel } from './processor-objects/model.js';
import { refundsReadModel } from './refunds/model.js';
import type { Place, ProjectedEvent, ReadModel } from './tables/read-model.js';

/** The consumer whose checkpoint says how far the live read models are. A storage format. */
export const readModelsConsumer = 'projector:read-models';

/** Raised for a name that no read model has. */
export class UnknownReadModel extends Error {
  constructor(name: string) {
    super(`there is no read model ${name}: there are ${readModelNames.join(', ')}`);
    this.name = 'UnknownReadModel';
  }
}

/** Every read model, new, with a memory of its own. */
export const allReadModels = (place: Place = 'live'): ReadModel[] => [
  customersReadModel(place),
  paymentMethodsReadModel(place),
  paymentsReadModel(place),
  refundsReadModel(place),
  disputesReadModel(place),
  balancesReadModel(place),
  processorObjectsReadModel(place),
];

export const readModelNames: readonly string[] = allReadModels().map(({ name }) => name);

/** The read models of those names, or all of them, new, each once. Throws UnknownReadModel. */
export const readModelsNamed = (names: readonly string[] = readModelNames, place: Place = 'live'): ReadModel[] => {
  for (const name of names) if (!readModelNames.includes(name)) throw new UnknownReadModel(name);
  return allReadModels(place).filter(({ name }) => names.includes(name));
};

/** Applies a batch to every model in one transaction: all of them have it, or none. */
export const applyInLockstep = async (
  models: readonly ReadModel[],
  events: readonly ProjectedEvent[],
  client: ClientBase,
): Promise<void> => {
  for (const model of models) await model.apply(events, client);
};
