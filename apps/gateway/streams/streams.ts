import type { DomainEvent, RecordedEvent } from '#contracts';
import { derivedId } from '#contracts';
import type { Batcher, StreamReader } from '#event-store';

import type { Call, TakenCall } from '../calls/call.js';
import type { Aggregate } from './aggregates.js';

/** A stream folded up to a version. */
export interface Folded<S> {
  state: S;
  version: number;
}

/** Raised when other writers were faster again and again. The call is tried again later: its outcome is not lost. */
export class Contended extends Error {
  constructor(streamId: string) {
    super(`${streamId} changed faster than an outcome could be decided on it`);
  }
}

/** Decisions on one outcome, each on what the faster writer left. */
const maxDecisions = 10;

const actor = { type: 'system', subject: 'gateway' } as const;
/** Nobody chooses these command ids, so nothing needs to tell a repeat from a different use. */
const fingerprint = Buffer.from('gateway');

/** Reads the streams that calls are about and records outcomes in them; both in batches across calls and tenants. */
export class Streams {
  readonly #reader: StreamReader;
  readonly #batcher: Batcher;

  constructor(reader: StreamReader, batcher: Batcher) {
    this.#reader = reader;
    this.#batcher = batcher;
  }

  /** The stream as it is now. */
  async load<S, F, E extends DomainEvent>(
    aggregate: Aggregate<S, F, E>,
    { tenantId, shard, streamId }: { tenantId: string; shard: number; streamId: string },
  ): Promise<Folded<S>> {
    const { events } = await this.#reader.read({ tenantId, shard, streamId });
    return fold(aggregate, events);
  }

  /** The stream of a call: as it was when the call was asked for, where that is at hand, or else as it is now. */
  async loadOf<S, F, E extends DomainEvent>(aggregate: Aggregate<S, F, E>, call: TakenCall): Promise<Folded<S>> {
    return call.seed ? fold(aggregate, call.seed) : this.load(aggregate, call);
  }

  /**
   * Records facts: decides them one after the other and appends what they give, once, however often the same `kind` of outcome
   * of the same call comes by. Decides again when the stream has moved. Throws Contended, or what the store throws.
   */
  async record<S, F, E extends DomainEvent>(
    aggregate: Aggregate<S, F, E>,
    call: Call,
    { kind, facts }: { kind: string; facts: readonly F[] },
    stream: Folded<S>,
  ): Promise<void> {
    const commandId = derivedId(call.callId, kind);
    const { tenantId, shard, streamId, correlationId, traceparent } = call;
    let current = stream;
    for (let decisions = 1; decisions <= maxDecisions; decisions += 1) {
      const events = decideAll(aggregate, facts, current.state);
      if (events.length === 0) return;
      const result = await this.#batcher.append(shard, {
        tenantId,
        commandId,
        fingerprint,
        streamId,
        expectedVersion: current.version,
        events,
        correlationId,
        actor,
        traceparent,
      });
      if (result.status === 'ok' || result.status === 'duplicate') return;
      if (result.status === 'refused') throw new Error(`an outcome was refused by ${result.rule}`);
      current = await this.load(aggregate, call);
    }
    throw new Contended(streamId);
  }
}

const fold = <S, F, E extends DomainEvent>(
  aggregate: Aggregate<S, F, E>,
  events: readonly RecordedEvent[],
): Folded<S> => ({
  state: events.reduce((state, { event }) => aggregate.evolve(state, event as E), aggregate.initial),
  version: events.at(-1)?.version ?? 0,
});

const decideAll = <S, F, E extends DomainEvent>(aggregate: Aggregate<S, F, E>, facts: readonly F[], before: S): E[] => {
  let state = before;
  return facts.flatMap((fact) => {
    const events = aggregate.decide(fact, state);
    for (const event of events) state = aggregate.evolve(state, event);
    return events;
  });
};
