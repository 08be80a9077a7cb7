import { setTimeout as sleep } from 'node:timers/promises';

export interface PauseBounds {
  /** Of one pause. */
  maxPauseMs: number;
  /** Of all pauses before anything is read, in all. */
  firstMs: number;
  /** What each file that is read adds to that. */
  perFileMs: number;
}

/** Two minutes at a time; ten at most, and 100 ms more for each file: ten times what the limit of our own api comes to. */
export const pauseBounds: PauseBounds = { maxPauseMs: 120_000, firstMs: 600_000, perFileMs: 100 };

/** A pause that a server has asked for, which all who read from it keep together. Bounded, so that no server can hold a reader for ever. */
export class SharedPause {
  readonly #bounds: PauseBounds;
  /** What pauses there may still be. */
  #leftMs: number;
  #until = 0;

  constructor(bounds: PauseBounds = pauseBounds) {
    this.#bounds = bounds;
    this.#leftMs = bounds.firstMs;
  }

  /** Nobody reads for so long from now on. False: that is more than may still be waited, and there is no pause. */
  begin(ms: number): boolean {
    const now = performance.now();
    const until = Math.max(this.#until, now + Math.min(ms, this.#bounds.maxPauseMs));
    const added = until - Math.max(this.#until, now);
    if (added > this.#leftMs) return false;
    this.#leftMs -= added;
    this.#until = until;
    return true;
  }

  /** A file was read. */
  earn(): void {
    this.#leftMs += this.#bounds.perFileMs;
  }

  /** Resolves at the end of the pause, at once where there is none. */
  async over(): Promise<void> {
    for (;;) {
      const left = this.#until - performance.now();
      if (left <= 0) return;
      await sleep(left);
    }
  }
}
