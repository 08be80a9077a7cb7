import { createHash, randomUUID } from 'node:crypto';

import { streamIdOf } from '#contracts';
import type { AccessEvent } from '#domain/access';
import type { AppendCommand, AppendResult, TenantShards } from '#event-store';
import { LRUCache } from 'lru-cache';

/** What the access log is written with. */
export interface AccessStreamsParts {
  shards: Pick<TenantShards, 'of'>;
  batcher: { append(shard: number, command: AppendCommand): Promise<AppendResult> };
  /** The process that writes: the actor of the records. */
  app: string;
}

/** A stream of this process alone. Only `#inTurn` touches it. */
interface Stream {
  id: string;
  version: number;
  /** The last write that was asked for, whatever comes of it. */
  turn: Promise<unknown>;
}

/** Tenants whose stream is kept at most; who comes back later gets another one. */
const maxStreams = 1_000;
/** A stream is read in one go: far fewer events than a reader takes (10,000). */
const maxEvents = 4_000;
const maxTries = 3;

/** Writes access records, each process into streams of its own, so that no two ever wait for each other or conflict. */
export class AccessStreams {
  readonly #parts: AccessStreamsParts;
  readonly #streams = new LRUCache<string, Stream>({ max: maxStreams });

  constructor(parts: AccessStreamsParts) {
    this.#parts = parts;
  }

  /**
   * Appends `events` (1 to 200) to the tenant's log, once for a `commandId`, however often it is asked for. Throws UnknownTenant, and
   * what an append throws: then it may have happened, and the same call again will tell.
   */
  async write(tenantId: string, commandId: string, events: readonly AccessEvent[]): Promise<void> {
    const shard = await this.#parts.shards.of(tenantId);
    const stream = this.#streamOf(tenantId);
    const turn = stream.turn.then(() => this.#inTurn(stream, shard, { tenantId, commandId, events }));
    stream.turn = turn.catch(() => undefined);
    await turn;
  }

  #streamOf(tenantId: string): Stream {
    const known = this.#streams.get(tenantId);
    if (known) return known;
    const stream = { ...newStream(), turn: Promise.resolve() };
    this.#streams.set(tenantId, stream);
    return stream;
  }

  async #inTurn(
    stream: Stream,
    shard: number,
    wanted: Pick<AppendCommand, 'tenantId' | 'commandId' | 'events'>,
  ): Promise<void> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      if (stream.version + wanted.events.length > maxEvents) Object.assign(stream, newStream());
      const result = await this.#append(stream, shard, wanted);
      if (result.status === 'ok') {
        stream.version = result.version;
        return;
      }
      // It was written before, into whichever stream; where this one ends, nobody knows then.
      Object.assign(stream, newStream());
      if (result.status === 'duplicate') return;
    }
    throw new Error('a stream of this process alone was changed by another');
  }

  async #append(
    stream: Stream,
    shard: number,
    { tenantId, commandId, events }: Pick<AppendCommand, 'tenantId' | 'commandId' | 'events'>,
  ): Promise<AppendResult> {
    try {
      return await this.#parts.batcher.append(shard, {
        tenantId,
        commandId,
        fingerprint: createHash('sha256').update(commandId).digest(),
        streamId: stream.id,
        expectedVersion: stream.version,
        events,
        correlationId: commandId,
        actor: { type: 'system', subject: this.#parts.app },
      });
    } catch (error) {
      Object.assign(stream, newStream()); // whether it was written, nobody knows
      throw error;
    }
  }
}

const newStream = (): Pick<Stream, 'id' | 'version'> => ({ id: streamIdOf('access', randomUUID()), version: 0 });
