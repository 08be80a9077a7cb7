import { isNativeError } from 'node:util/types';

import type { AppendBatch, AppendCommand, AppendResult } from './append.js';

export interface BatcherOptions {
  /** Batches in flight at once, over all shards; a shard is in one at most, because its head row is locked anyway. */
  connections?: number;
  /** Commands in one batch at most. */
  maxBatch?: number;
  /** Commands waiting at most, over all shards; more are refused with StoreOverloaded. */
  maxQueued?: number;
}

/** Raised when more commands wait than the process may hold. The caller may try again after a moment. */
export class StoreOverloaded extends Error {
  constructor() {
    super('too many commands wait for the event store; try again in a moment');
  }
}

interface Waiting {
  shard: number;
  command: AppendCommand;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

/**
 * Groups commands: those that arrive while their shard's batch is in flight form its next one, so a batch is as large as the
 * load makes it and a lone command waits for nobody. Shards that are ready at the same time share a batch, because its fixed
 * cost is most of the cost of a small one. A shared batch that raises, and the commands in it whose shard somebody else writes
 * to, go again shard by shard; a shard's own batch that raises is tried again one by one, so that one poison command hurts nobody
 * else, and its shard shares no batch until one of its own went well.
 */
export class Batcher {
  readonly #append: AppendBatch;
  readonly #options: Required<BatcherOptions>;
  readonly #queues = new Map<number, Waiting[]>();
  readonly #ready: number[] = [];
  readonly #busy = new Set<number>();
  /** Shards whose next batch is theirs alone. */
  readonly #alone = new Set<number>();
  #inFlight = 0;
  #queued = 0;

  constructor(append: AppendBatch, options: BatcherOptions = {}) {
    this.#append = append;
    this.#options = { connections: 4, maxBatch: 256, maxQueued: 10_000, ...options };
  }

  /** Commands that wait for a batch. */
  get queued(): number {
    return this.#queued;
  }

  /** Appends a command of a tenant that lives in `shard`. Rejects with StoreOverloaded, or what Postgres raised. */
  append(shard: number, command: AppendCommand): Promise<AppendResult> {
    if (this.#queued >= this.#options.maxQueued) return Promise.reject(new StoreOverloaded());
    return new Promise((resolve, reject) => {
      const waiting = { shard, command, resolve, reject };
      const queue = this.#queues.get(shard);
      if (queue) queue.push(waiting);
      else this.#queues.set(shard, [waiting]);
      this.#queued += 1;
      if (!queue && !this.#busy.has(shard)) this.#ready.push(shard);
      // One turn later, so that all commands of this turn share the first batch.
      if (this.#inFlight < this.#options.connections) queueMicrotask(() => this.#dispatch());
    });
  }

  #dispatch(): void {
    while (this.#inFlight < this.#options.connections) {
      const first = this.#ready.shift();
      if (first === undefined) return;
      const shards = [first, ...this.#sharing(first)];
      const batch = shards.flatMap((shard) => this.#take(shard));
      this.#inFlight += 1;
      for (const shard of shards) this.#busy.add(shard);
      void (shards.length === 1 ? this.#writeAlone(first, batch) : this.#writeAcross(batch)).finally(() => {
        this.#inFlight -= 1;
        for (const shard of shards) {
          this.#busy.delete(shard);
          if (this.#queues.has(shard)) this.#ready.push(shard);
        }
        this.#dispatch();
      });
    }
  }

  /** Takes from the ready shards those that go with `first`: whole queues, up to the size of a batch. */
  #sharing(first: number): number[] {
    if (!this.#append.across || this.#alone.has(first)) return [];
    let room = this.#options.maxBatch - this.#waitingFor(first);
    const shards: number[] = [];
    for (const shard of this.#ready) {
      if (this.#alone.has(shard) || this.#waitingFor(shard) > room) continue;
      room -= this.#waitingFor(shard);
      shards.push(shard);
    }
    for (const shard of shards) this.#ready.splice(this.#ready.indexOf(shard), 1);
    return shards;
  }

  #waitingFor(shard: number): number {
    return this.#queues.get(shard)?.length ?? 0;
  }

  #take(shard: number): Waiting[] {
    const queue = this.#queues.get(shard) ?? [];
    const taken = queue.splice(0, this.#options.maxBatch);
    if (queue.length === 0) this.#queues.delete(shard);
    this.#queued -= taken.length;
    return taken;
  }

  /** Before those that came meanwhile, and to be written without other shards: so a command is put back once at most. */
  #putBack(batch: readonly Waiting[]): void {
    for (const waiting of batch.toReversed()) {
      const queue = this.#queues.get(waiting.shard);
      if (queue) queue.unshift(waiting);
      else this.#queues.set(waiting.shard, [waiting]);
      this.#queued += 1;
      this.#alone.add(waiting.shard);
    }
  }

  async #writeAcross(batch: readonly Waiting[]): Promise<void> {
    const { across } = this.#append;
    try {
      const results = await this.#withRetry(async () => across?.(batch.map(({ command }) => command)) ?? []);
      batch.forEach((waiting, at) => {
        const result = results[at];
        if (result) waiting.resolve(result);
      });
      this.#putBack(batch.filter((_, at) => !results[at]));
    } catch (error) {
      if (isTransient(error) && !tookTooLong(error)) for (const waiting of batch) waiting.reject(error);
      else this.#putBack(batch);
    }
  }

  async #writeAlone(shard: number, batch: readonly Waiting[]): Promise<void> {
    if (await this.#write(shard, batch)) this.#alone.delete(shard);
    else this.#alone.add(shard);
  }

  /** Gives whether nothing was raised. */
  async #write(shard: number, batch: readonly Waiting[]): Promise<boolean> {
    try {
      const results = await this.#withRetry(() =>
        this.#append(
          shard,
          batch.map(({ command }) => command),
        ),
      );
      batch.forEach((waiting, at) => {
        waiting.resolve(results[at] as AppendResult);
      });
      return true;
    } catch (error) {
      if (batch.length === 1 || isTransient(error)) for (const waiting of batch) waiting.reject(error);
      else for (const waiting of batch) await this.#write(shard, [waiting]);
      return false;
    }
  }

  /** A lost connection or a deadlock says nothing about the commands: the same batch again, twice at most. Ids make it safe. */
  async #withRetry<Result>(write: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write();
      } catch (error) {
        if (attempt === 3 || !isTransient(error) || tookTooLong(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
      }
    }
  }
}

/** A transaction that was idle for longer than its session or role may let it be. */
const idleInTransaction = '25P03';
const lockNotAvailable = '55P03';
/** The time-out of a statement. */
const queryCanceled = '57014';

/** It has waited already, and to try again at once would only make what holds it up worse. */
const tookTooLong = (error: unknown): boolean => [lockNotAvailable, queryCanceled].includes(sqlState(error) ?? '');

const sqlState = (error: unknown): string | undefined =>
  isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Whether the failure is about the moment (connection, lock, time-out, load, restart), not about a command of the batch. */
export const isTransient = (error: unknown): boolean => {
  const state = sqlState(error);
  if (state === undefined) return isNativeError(error) && /connection|timeout|terminated/i.test(error.message);
  return (
    /^(08|57P|53)/.test(state) ||
    tookTooLong(error) ||
    ['40001', '40P01', idleInTransaction, 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(state)
  );
};
