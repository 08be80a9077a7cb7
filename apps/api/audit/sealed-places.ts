import type { EventPlace, LeafRuns } from '#audit-log';

interface Waiter {
  place: EventPlace;
  /** When it has waited long enough, by Date.now(). */
  until: number;
  resolve: (index: number | undefined) => void;
  reject: (error: unknown) => void;
}

const pollMs = 50;
const maxWaiters = 10_000;

/** Where events stand in the audit log. Who waits until one has been sealed shares one poll with all others; nobody polls while nobody waits. */
export class SealedPlaces {
  readonly #waiters = new Set<Waiter>();
  #polling = false;

  constructor(private readonly runs: LeafRuns) {}

  /** The leaf of a place, waited for until `timeoutMs`; undefined when it was not sealed by then. Rejects as Postgres does. */
  async indexOf(place: EventPlace, timeoutMs: number): Promise<number | undefined> {
    const [index] = await this.runs.indexesOf([place]);
    if (index !== undefined || timeoutMs <= 0 || this.#waiters.size >= maxWaiters) return index;
    return new Promise((resolve, reject) => {
      this.#waiters.add({ place, until: Date.now() + timeoutMs, resolve, reject });
      if (!this.#polling) void this.#poll();
    });
  }

  /** The leaf of each place that has one already. */
  indexesOf(places: readonly EventPlace[]): Promise<(number | undefined)[]> {
    return this.runs.indexesOf(places);
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiters.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      await this.#look([...this.#waiters]);
    }
    this.#polling = false;
  }

  async #look(waiters: readonly Waiter[]): Promise<void> {
    try {
      const indexes = await this.runs.indexesOf(waiters.map(({ place }) => place));
      waiters.forEach((waiter, at) => {
        if (indexes[at] === undefined && Date.now() < waiter.until) return;
        this.#waiters.delete(waiter);
        waiter.resolve(indexes[at]);
      });
    } catch (error) {
      for (const waiter of waiters) {
        this.#waiters.delete(waiter);
        waiter.reject(error);
      }
    }
  }
}
