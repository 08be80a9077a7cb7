import type { DomainEvent, RecordedEvent } from '#contracts';
import type { DriftDetected } from '#domain';
import type { Batcher, StreamReader } from '#event-store';

import type { FactAggregate } from './aggregates.js';
import type { DriftObserver } from './drift.js';

/** A stream folded up to a version. */
export interface Folded<S> {
  state: S;
  version: number;
}

/** A stream and where it lies. */
export interface StreamPlace {
  tenantId: string;
  shard: number;
  streamId: string;
}

/** Under which command facts are recorded. The same id records them once, however often they come by. */
export interface FactContext extends StreamPlace {
  commandId: string;
  /** The command id that began the story. */
  correlationId: string;
  traceparent?: string;
}

/** Raised when other writers were faster again and again. Nothing is lost: who has the facts tries again later. */
export class Contended extends Error {
  constructor(streamId: string) {
    super(`${streamId} changed faster than facts could be decided on it`);
  }
}

/** Decisions on the same facts, each on what the faster writer left. */
const maxDecisions = 10;

/** Reads streams and records facts in them for one of our own processes; both in batches across streams and tenants. */
export class FactRecorder {
  readonly #reader: StreamReader;
  readonly #batcher: Batcher;
  readonly #actor: { type: 'system'; subject: string };
  /** Nobody chooses these command ids, so nothing needs to tell a repeat from a different use. */
  readonly #fingerprint: Buffer;
  readonly #onDrift: DriftObserver | undefined;

  /** `app` names the process in the events' metadata; `onDrift` is told of what was recorded though it broke what we believed. */
  constructor(reader: StreamReader, batcher: Batcher, app: string, onDrift?: DriftObserver) {
    this.#reader = reader;
    this.#batcher = batcher;
    this.#actor = { type: 'system', subject: app };
    this.#fingerprint = Buffer.from(app);
    this.#onDrift = onDrift;
  }

  /** The stream as it is now. */
  async load<S, F, E extends DomainEvent>(
    aggregate: FactAggregate<S, F, E>,
    { tenantId, shard, streamId }: StreamPlace,
  ): Promise<Folded<S>> {
    const { events } = await this.#reader.read({ tenantId, shard, streamId });
    return foldStream(aggregate, events);
  }

  /**
   * Records facts: decides them one after the other and appends what they give, once. Decides again when the stream has moved
   * from `stream`, on facts made anew where they follow from the state. Gives what was appended: [] where they said nothing new.
   * Throws Contended, or what the store throws.
   */
  async record<S, F, E extends DomainEvent>(
    aggregate: FactAggregate<S, F, E>,
    { tenantId, shard, streamId, commandId, correlationId, traceparent }: FactContext,
    facts: readonly F[] | ((state: S) => readonly F[]),
    stream: Folded<S>,
  ): Promise<readonly E[]> {
    let current = stream;
    for (let decisions = 1; decisions <= maxDecisions; decisions += 1) {
      const { state } = current;
      const events = decideAll(aggregate, typeof facts === 'function' ? facts(state) : facts, state);
      if (events.length === 0) return [];
      const result = await this.#batcher.append(shard, {
        tenantId,
        commandId,
        fingerprint: this.#fingerprint,
        streamId,
        expectedVersion: current.version,
        events,
        correlationId,
        actor: this.#actor,
        traceparent,
      });
      if (result.status === 'ok') {
        this.#tellDrift(tenantId, streamId, events);
        return events;
      }
      if (result.status === 'duplicate') return [];
      if (result.status === 'refused') throw new Error(`facts were refused by ${result.rule}`);
      current = await this.load(aggregate, { tenantId, shard, streamId });
    }
    throw new Contended(streamId);
  }

  #tellDrift(tenantId: string, streamId: string, events: readonly DomainEvent[]): void {
    for (const event of events) {
      if (!isDrift(event)) continue;
      const { rule, fact } = event;
      this.#onDrift?.({ tenantId, streamId, rule, fact });
    }
  }
}

const isDrift = (event: DomainEvent): event is DriftDetected => event.type === 'DriftDetected';

/** Folds the events of a stream, from its first on. */
export const foldStream = <S, F, E extends DomainEvent>(
  aggregate: FactAggregate<S, F, E>,
  events: readonly RecordedEvent[],
): Folded<S> => ({
  state: events.reduce((state, { event }) => aggregate.evolve(state, event as E), aggregate.initial),
  version: events.at(-1)?.version ?? 0,
});

const decideAll = <S, F, E extends DomainEvent>(
  aggregate: FactAggregate<S, F, E>,
  facts: readonly F[],
  before: S,
): E[] => {
  let state = before;
  return facts.flatMap((fact) => {
    const events = aggregate.decide(fact, state);
    for (const event of events) state = aggregate.evolve(state, event);
    return events;
  });
};
