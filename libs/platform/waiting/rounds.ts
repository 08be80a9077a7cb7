import { Pause } from './pause.js';
import { within } from './within.js';

/** Work in rounds, with a rest after each, until it is closed. A round that fails is no reason to end. */
export class Rounds {
  readonly #pause = new Pause();
  #closed = false;
  #working: Promise<void> | undefined;

  /** Whether the round at hand is the last one: a long one looks, and leaves. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Begins. Each round gives for how many milliseconds to rest after it; `failed`, which must not throw, does so of one that was rejected. */
  start(round: () => Promise<number>, failed: (error: unknown) => number): void {
    this.#working = this.#go(round, failed);
  }

  /** Begins no other round, and waits for the one at hand, `graceMs` at most. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#pause.end();
    await within(this.#working, graceMs);
  }

  async #go(round: () => Promise<number>, failed: (error: unknown) => number): Promise<void> {
    while (!this.#closed) {
      const restMs = await round().catch(failed);
      if (!this.#closed) await this.#pause.last(restMs);
    }
  }
}
