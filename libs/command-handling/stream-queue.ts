import { ConcurrentChange } from './refusals.js';

/** Commands of one stream, decided in order: each waits for the one before it, so that they do not spoil each other's version. */
export class StreamQueue {
  readonly #queues = new Map<string, { done: Promise<void>; waiting: number }>();

  constructor(readonly maxWaiting = 200) {}

  /**
   * Runs `work` when all earlier work of the tenant's stream has ended. Throws ConcurrentChange when too many wait already.
   * Another tenant that names the same stream has a queue of its own: it can neither fill this one nor feel it.
   */
  async run<T>(tenantId: string, streamId: string, work: () => Promise<T>): Promise<T> {
    const key = `${tenantId}/${streamId}`;
    const queue = this.#queues.get(key) ?? { done: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= this.maxWaiting) throw new ConcurrentChange(streamId);
    this.#queues.set(key, queue);
    queue.waiting += 1;
    const result = queue.waiting === 1 ? work() : queue.done.then(work);
    queue.done = result.then(nothing, nothing);
    try {
      return await result;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#queues.delete(key);
    }
  }
}

const nothing = (): void => undefined;
