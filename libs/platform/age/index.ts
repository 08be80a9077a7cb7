/**
 * How old something is that was read, so that it is not used for too long: by the clock and by the time that has passed, whichever is more. A
 * clock that was set back makes nothing younger: what was read before is then as old as can be.
 */
export class Age {
  readonly #uptimeMs: () => number;
  #readAt = { clockMs: -Infinity, uptimeMs: -Infinity };

  /** `uptimeMs`: milliseconds since any moment, which never go back. */
  constructor(uptimeMs: () => number = () => performance.now()) {
    this.#uptimeMs = uptimeMs;
  }

  /** Read anew at `now`. */
  renew(now: Date): void {
    this.#readAt = { clockMs: now.getTime(), uptimeMs: this.#uptimeMs() };
  }

  /** In milliseconds; Infinity where it was never read. */
  at(now: Date): number {
    const byClockMs = now.getTime() - this.#readAt.clockMs;
    return byClockMs < 0 ? Infinity : this.atLeast(now);
  }

  /** In milliseconds, for what must not end because a clock was set back: that counts for nothing then, and the time that has passed does. */
  atLeast(now: Date): number {
    const { clockMs, uptimeMs } = this.#readAt;
    return Math.max(now.getTime() - clockMs, this.#uptimeMs() - uptimeMs);
  }
}
