const beatMs = 1_000;

/**
 * Tells the group's coordinator that this process lives while it works on a batch, however long that takes. When the coordinator
 * answers that the partition is another's, `signal` ends the work.
 */
export class Pulse {
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();
  readonly signal: AbortSignal;
  #error: unknown;

  constructor(heartbeat: () => Promise<void>, over: AbortSignal) {
    this.signal = AbortSignal.any([over, this.#lost.signal]);
    this.#timer = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        this.#error ??= error;
        this.#lost.abort();
      });
    }, beatMs);
  }

  /** Throws what the coordinator said, if it was not good. */
  check(): void {
    if (this.#error !== undefined) throw this.#error as Error;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
