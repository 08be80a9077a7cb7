import { isNativeError } from 'node:util/types';

import type { AppendBatch, AppendCommand, AppendResult } from './append.js';

export interface BatcherOptions {
  /** Batches in flight at once, over all shards; a shard has one at most, because its head row is locked anyway. */
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
  command: AppendCommand;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

/**
 * Groups commands: those that arrive while a shard's batch is in flight form its next one, so a batch is as large as the
 * load makes it and a lone command waits for nobody. A batch that raises is tried again one by one, so that one poison
 * command hurts nobody else.
 */
export class Batcher {
  readonly #append: AppendBatch;
  readonly #options: Required<BatcherOptions>;
  readonly #queues = new Map<number, Waiting[]>();
  readonly #ready: number[] = [];
  readonly #busy = new Set<number>();
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
      const queue = this.#queues.get(shard);
      if (queue) queue.push({ command, resolve, reject });
      else this.#queues.set(shard, [{ command, resolve, reject }]);
      this.#queued += 1;
      if (!queue && !this.#busy.has(shard)) this.#ready.push(shard);
      // One turn later, so that all commands of this turn share the first batch.
      if (this.#busy.size < this.#options.connections) queueMicrotask(() => this.#dispatch());
    });
  }

  #dispatch(): void {
    while (this.#busy.size < this.#options.connections) {
      const shard = this.#ready.shift();
      if (shard === undefined) return;
      const queue = this.#queues.get(shard) ?? [];
      const batch = queue.splice(0, this.#options.maxBatch);
      if (queue.length === 0) this.#queues.delete(shard);
      this.#queued -= batch.length;
      this.#busy.add(shard);
      void this.#write(shard, batch).finally(() => {
        this.#busy.delete(shard);
        if (this.#queues.has(shard)) this.#ready.push(shard);
        this.#dispatch();
      });
    }
  }

  async #write(shard: number, batch: Waiting[]): Promise<void> {
    try {
      const results = await this.#appendWithRetry(shard, batch);
      batch.forEach((waiting, at) => {
        waiting.resolve(results[at] as AppendResult);
      });
    } catch (error) {
      if (batch.length === 1 || isTransient(error)) {
        for (const waiting of batch) waiting.reject(error);
        return;
      }
      for (const waiting of batch) await this.#write(shard, [waiting]);
    }
  }

  /** A lost connection or a deadlock says nothing about the commands: the same batch again, twice at most. Ids make it safe. */
  async #appendWithRetry(shard: number, batch: Waiting[]): Promise<AppendResult[]> {
    const commands = batch.map((waiting) => waiting.command);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#append(shard, commands);
      } catch (error) {
        if (attempt === 3 || !isTransient(error) || tookTooLong(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
      }
    }
  }
}

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
    ['40001', '40P01', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(state)
  );
};
