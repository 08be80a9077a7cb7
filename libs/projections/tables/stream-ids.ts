import type { Aggregate, RecordedEvent } from '#contracts';
import { streamIdOf } from '#contracts';

/** The id of the aggregate whose stream an event is in; undefined for streams of other aggregates. */
export const idInStream = (aggregate: Aggregate): ((event: RecordedEvent) => string | undefined) => {
  const prefix = streamIdOf(aggregate, '');
  return ({ streamId }) => (streamId.startsWith(prefix) ? streamId.slice(prefix.length) : undefined);
};
