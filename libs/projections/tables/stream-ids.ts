import type { Aggregate } from '#contracts';
import { streamIdOf } from '#contracts';

import type { ProjectedEvent } from './read-model.js';

/** The id of the aggregate whose stream an event is in; undefined for streams of other aggregates. */
export const idInStream = (aggregate: Aggregate): ((event: ProjectedEvent) => string | undefined) => {
  const prefix = streamIdOf(aggregate, '');
  return ({ streamId }) => (streamId.startsWith(prefix) ? streamId.slice(prefix.length) : undefined);
};
