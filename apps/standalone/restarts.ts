const steady_ms = 10_000;
const longest_ms = 5_000;

/** Decides when something that keeps ending is started again: at once, then after 100, 200, 400 ms ... 5 s, then never. */
export class Restarts {
  #inARow = 0;

  /** @param limit how often in a row, with less than 10 s of service in between */
  constructor(readonly limit = 10) {}

  /**
   * @param served_ms how long it had served before it ended
   * @returns the wait in milliseconds, or undefined when it has ended too often
   */
  next(served_ms: number): number | undefined {
    if (served_ms >= steady_ms) this.#inARow = 0;
    this.#inARow += 1;
    if (this.#inARow > this.limit) return undefined;
    return this.#inARow === 1 ? 0 : Math.min(100 * 2 ** (this.#inARow - 2), longest_ms);
  }
}
