/**
 * A token bucket: `perSecond` calls on average, and as many at once after a quiet second. Callers wait in order. Stripe allows
 * 100 a second on a live account and answers 429 beyond, so a limit of our own keeps calls from being sent in vain.
 */
export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: () => number;
  /** When the bucket, filling at its rate, would have held exactly what was taken: at most a second ago. */
  #paidUntilMs: number;

  constructor(perSecond: number, clock: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#paidUntilMs = clock() - 1_000;
  }

  /** Takes a token and tells for how many milliseconds to wait before using it. */
  take(): number {
    const now = this.#clock();
    this.#paidUntilMs = Math.max(this.#paidUntilMs, now - 1_000) + 1_000 / this.#perSecond;
    return Math.max(0, this.#paidUntilMs - now);
  }

  /** Nobody takes one for so long: the processor has asked for a pause. */
  pause(ms: number): void {
    this.#paidUntilMs = Math.max(this.#paidUntilMs, this.#clock() + ms);
  }
}
