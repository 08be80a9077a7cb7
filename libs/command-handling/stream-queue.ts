import { ConcurrentChange } from './refusals.js';

/** Commands of one stream, decided in order: each waits for the one before it, so that they do not spoil each other's version. */
export class StreamQueue {
  readonly #last = new Map<string, { done: Promise<void>; length: number }>();

  constructor(readonly maxWaiting = 200) {}

  /** Runs `work` when all earlier work of the stream has ended. Throws ConcurrentChange when too many wait already. */
  async run<T>(streamId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(streamId);
    if (before && before.length >= this.maxWaiting) throw new ConcurrentChange(streamId);
    const result = before ? before.done.then(work) : work();
    const entry = { done: result.then(nothing, nothing), length: (before?.length ?? 0) + 1 };
    this.#last.set(streamId, entry);
    try {
      return await result;
    } finally {
      if (this.#last.get(streamId) === entry) this.#last.delete(streamId);
    }
  }
}

const nothing = (): void => undefined;
