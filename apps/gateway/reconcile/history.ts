import type { FactAggregate, Folded, StreamPlace } from '#command-handling/facts';
import { foldStream } from '#command-handling/facts';
import type { DomainEvent, RecordedEvent } from '#contracts';
import { derivedId } from '#contracts';
import type { StreamReader } from '#event-store';

/** A stream with the events that it was folded from. */
export interface History<S> extends Folded<S> {
  events: readonly RecordedEvent[];
}

/** The stream as it is now. */
export const readHistory = async <S, F, E extends DomainEvent>(
  reader: StreamReader,
  aggregate: FactAggregate<S, F, E>,
  { tenantId, shard, streamId }: StreamPlace,
): Promise<History<S>> => {
  const { events } = await reader.read({ tenantId, shard, streamId });
  return { ...foldStream(aggregate, events), events };
};

/** Under which ids a run records what it finds of an object of the processor's in a stream that is at `version`. */
export const recordingOf = (runId: string, processorId: string, version: number) => ({
  commandId: derivedId(runId, `${processorId} at ${version}`),
  correlationId: derivedId(runId, processorId),
});

/** What one command of a run has recorded, and the stream before and after it. */
export interface Recording<S, E> {
  before: S;
  after: S;
  events: readonly E[];
}

/**
 * All that a run has recorded about an object of the processor's, oldest first, whichever gateway did it: one may have died before it
 * could say what it had put right.
 */
export const recordingsOf = <S, F, E extends DomainEvent>(
  aggregate: FactAggregate<S, F, E>,
  events: readonly RecordedEvent[],
  runId: string,
  processorId: string,
): Recording<S, E>[] => {
  const { correlationId } = recordingOf(runId, processorId, 0);
  const recordings = new Map<string, Recording<S, E>>();
  let state = aggregate.initial;
  for (const { event, metadata } of events) {
    const after = aggregate.evolve(state, event as E);
    if (metadata.correlationId === correlationId) {
      const { before, events: earlier } = recordings.get(metadata.causationId) ?? { before: state, events: [] };
      recordings.set(metadata.causationId, { before, after, events: [...earlier, event as E] });
    }
    state = after;
  }
  return [...recordings.values()];
};
