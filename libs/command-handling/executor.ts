import { tenantSuspended } from '#access/tenancy';
import type { DomainEvent, RecordedEvent } from '#contracts';
import { isResting } from '#contracts';
import type {
  AppendCommand,
  AppendResult,
  Batcher,
  Claim,
  PastCommand,
  StreamReader,
  TenantShards,
} from '#event-store';
import { SuspendedTenant, UnknownTenant } from '#event-store';
import type { LogTail } from '#log';

import type { Aggregate } from './aggregates.js';
import type { CommandContext } from './context.js';
import { ConcurrentChange, EventsRemoved, IdempotencyKeyReused, TenantUnknown } from './refusals.js';
import { StreamQueue } from './stream-queue.js';

/** One command, ready to be decided. */
export interface Task<S, E extends DomainEvent> {
  context: CommandContext;
  aggregate: Aggregate<S, E>;
  /** The id of the one aggregate it is about. */
  id: string;
  /** Pure. Throws a Refusal. No events: nothing to change. */
  decide: (state: S) => E[];
  /** What must hold outside the stream, such as another stream's state. Throws a Refusal. Not asked for a repeat. */
  requires?: () => Promise<void>;
  /** Takes what the events need held outside the log, right before they are appended; never for a repeat. Throws a Refusal. */
  reserves?: () => Promise<void>;
  claims?: readonly Claim[];
}

/** What is kept of the event that settled a command. */
export type SettlingEvent = Pick<RecordedEvent, 'type' | 'version' | 'position' | 'event'>;

/** The state a caller is answered with, and where in the log it stands. */
export interface Answer<S> {
  state: S;
  streamId: string;
  version: number;
  shard: number;
  /** Of the last event in `state`; 0 when the stream is empty. */
  position: number;
  /** The event that settled the command; undefined while the processor has not spoken, and when nothing had to change. */
  settledBy: SettlingEvent | undefined;
  /** Whether the command needs no more: settled, or nothing had to change. */
  settled: boolean;
  /** Whether this is what an earlier call with the same key did. */
  replayed: boolean;
}

/** A claim or counter stood against the command; nothing was written. */
export class ClaimHeld extends Error {
  constructor(
    readonly rule: string,
    readonly heldBy: string | null,
  ) {
    super(`${rule} is held by ${heldBy ?? 'a limit'}`);
  }
}

const maxTries = 5;

/** A state and where it stands: the version of its stream and the position of its last event. */
interface Folded<S> {
  state: S;
  version: number;
  position: number;
}

type Decided<S> = { from: Folded<S> } & (
  | { outcome: 'unchanged' }
  | { outcome: 'appended'; settledBy: SettlingEvent | undefined }
  /** `recorded` is the whole stream as it stood; `from` is empty. */
  | { outcome: 'past'; past: PastCommand; recorded: RecordedEvent[] }
);

/**
 * Load, decide, append, and wait for the processor: the one way in which a command takes effect. A repeat of a command is
 * answered with what the first call was answered, and decides nothing.
 */
export class CommandExecutor {
  readonly #shards: TenantShards;
  readonly #reader: StreamReader;
  readonly #batcher: Batcher;
  readonly #tail: Pick<LogTail, 'next'>;
  readonly #queue = new StreamQueue();

  constructor(parts: { shards: TenantShards; reader: StreamReader; batcher: Batcher; tail: Pick<LogTail, 'next'> }) {
    this.#shards = parts.shards;
    this.#reader = parts.reader;
    this.#batcher = parts.batcher;
    this.#tail = parts.tail;
  }

  /** An aggregate of the tenant as it is written now; its initial state where there is none. */
  async load<S, E extends DomainEvent>(tenantId: string, aggregate: Aggregate<S, E>, id: string): Promise<S> {
    return (await this.current(tenantId, aggregate, aggregate.streamOf(id))).state;
  }

  /** What a caller is answered with who finds the aggregate as somebody else left it. */
  async current<S, E extends DomainEvent>(
    tenantId: string,
    aggregate: Aggregate<S, E>,
    streamId: string,
  ): Promise<Answer<S>> {
    const shard = await this.#shardOf(tenantId);
    const { events } = await this.#reader.read({ tenantId, shard, streamId });
    return {
      streamId,
      shard,
      replayed: false,
      settledBy: undefined,
      settled: true,
      ...foldOnto(nothingOf(aggregate), events, aggregate),
    };
  }

  /**
   * Carries out a command. Throws what `decide` and `requires` throw, ClaimHeld, IdempotencyKeyReused, ConcurrentChange
   * after five lost races, TenantUnknown, AccessDenied for a tenant that is suspended, EventsRemoved for a repeat whose stream
   * is past its retention; then nothing was written.
   */
  async execute<S, E extends DomainEvent>(task: Task<S, E>): Promise<Answer<S>> {
    const began = Date.now();
    const shard = await this.#shardOf(task.context.tenantId);
    const streamId = task.aggregate.streamOf(task.id);
    const decided = await this.#queue.run(task.context.tenantId, streamId, () =>
      this.#decideAndAppend(shard, streamId, task),
    );
    const base = { streamId, shard, replayed: decided.outcome === 'past' };
    switch (decided.outcome) {
      case 'unchanged':
        return { ...base, ...decided.from, settledBy: undefined, settled: true };
      case 'appended':
        if (decided.settledBy) return { ...base, ...decided.from, settledBy: decided.settledBy, settled: true };
        return {
          ...base,
          ...(await this.#settled(shard, streamId, task, decided.from, [], decided.from.version, began)),
        };
      case 'past':
        if (!decided.past.fingerprint.equals(task.context.fingerprint)) throw new IdempotencyKeyReused();
        // A stream goes whole or not at all, and every command that is known has appended to one.
        if (decided.recorded.length === 0) throw new EventsRemoved(decided.past.streamId);
        return {
          ...base,
          ...(await this.#settled(shard, streamId, task, decided.from, decided.recorded, decided.past.version, began)),
        };
    }
  }

  async #shardOf(tenantId: string): Promise<number> {
    try {
      return await this.#shards.of(tenantId);
    } catch (error) {
      throw error instanceof UnknownTenant ? new TenantUnknown(tenantId) : error;
    }
  }

  async #decideAndAppend<S, E extends DomainEvent>(
    shard: number,
    streamId: string,
    task: Task<S, E>,
  ): Promise<Decided<S>> {
    const { context, aggregate } = task;
    const { tenantId, commandId } = context;
    // Asked at the same time so that both share one query; a repeat must not be refused by what has changed since.
    const required = task.requires?.().then(nothing, (error: unknown) => ({ error }));
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const { events: recorded, past } = await this.#reader.read({ tenantId, shard, streamId, commandId });
      if (past) return { outcome: 'past', from: nothingOf(aggregate), past, recorded };
      const refused = await required;
      if (refused) throw refused.error;
      const from = foldOnto(nothingOf(aggregate), recorded, aggregate);
      const events = task.decide(from.state);
      if (events.length === 0) return { outcome: 'unchanged', from };
      await task.reserves?.();
      const result = await this.#append(shard, streamId, task.context, {
        expectedVersion: from.version,
        events,
        claims: task.claims,
      });
      if (result.status === 'ok') return appended(aggregate, from, events, result);
      if (result.status === 'refused') throw new ClaimHeld(result.rule, result.heldBy);
    }
    throw new ConcurrentChange(streamId);
  }

  async #append(
    shard: number,
    streamId: string,
    { tenantId, commandId, fingerprint, actor, traceparent }: CommandContext,
    wanted: Pick<AppendCommand, 'expectedVersion' | 'events' | 'claims'>,
  ): Promise<AppendResult> {
    const command = {
      tenantId,
      commandId,
      fingerprint,
      streamId,
      correlationId: commandId,
      actor,
      traceparent,
      ...wanted,
    };
    try {
      return await this.#batcher.append(shard, command);
    } catch (error) {
      throw error instanceof SuspendedTenant ? tenantSuspended({ cause: error }) : error;
    }
  }

  /**
   * Folds on through the first resting event the command led to, waiting for it as long as the caller does. `found` are
   * events after `from` that are read already; `commandVersion` is that of the command's own last event.
   */
  async #settled<S, E extends DomainEvent>(
    shard: number,
    streamId: string,
    { context, aggregate }: Task<S, E>,
    from: Folded<S>,
    found: RecordedEvent[],
    commandVersion: number,
    began: number,
  ): Promise<Folded<S> & Pick<Answer<S>, 'settledBy' | 'settled'>> {
    const { tenantId, commandId } = context;
    let at = from;
    let woken = true;
    for (let events = found; ;) {
      const settled = events.findIndex((event) => settles(event, commandId, commandVersion));
      if (settled !== -1)
        return { ...foldOnto(at, events.slice(0, settled + 1), aggregate), settledBy: events[settled], settled: true };
      at = foldOnto(at, events, aggregate);
      const leftMs = began + context.waitMs - Date.now();
      if (!woken || leftMs <= 0) return { ...at, settledBy: undefined, settled: false };
      const awaited = { tenantId, streamId, afterVersion: at.version, correlationId: commandId };
      // Not woken: time is up, or too many wait already. One last look then, and no more waiting.
      woken = (await this.#tail.next(awaited, leftMs)) !== undefined;
      ({ events } = await this.#reader.read({ tenantId, shard, streamId, afterVersion: at.version }));
    }
  }
}

const nothing = (): undefined => undefined;

const nothingOf = <S, E extends DomainEvent>({ initial }: Aggregate<S, E>): Folded<S> => ({
  state: initial,
  version: 0,
  position: 0,
});

/** Whether an event settles a command whose own last event has `version`: that one, or a later resting one it led to. */
const settles = (event: RecordedEvent, commandId: string, version: number): boolean =>
  isResting(event.type) &&
  (event.version === version || (event.version > version && event.metadata.correlationId === commandId));

const foldOnto = <S, E extends DomainEvent>(
  from: Folded<S>,
  events: readonly RecordedEvent[],
  { evolve }: Aggregate<S, E>,
): Folded<S> => {
  const last = events.at(-1);
  if (!last) return from;
  const state = events.reduce((folded, { event }) => evolve(folded, event as E), from.state);
  return { state, version: last.version, position: last.position };
};

const appended = <S, E extends DomainEvent>(
  { evolve }: Aggregate<S, E>,
  from: Folded<S>,
  events: readonly E[],
  { version, position }: { version: number; position: number },
): Decided<S> => {
  const state = events.reduce((folded, event) => evolve(folded, event), from.state);
  const event = events.at(-1) as E;
  const settledBy = isResting(event.type) ? { type: event.type, version, position, event } : undefined;
  return { outcome: 'appended', from: { state, version, position }, settledBy };
};
