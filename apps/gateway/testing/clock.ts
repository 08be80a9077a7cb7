/** A clock that tests move. It runs with the real one and is ahead of it. */
export class TestClock {
  #aheadMs = 0;
  readonly now = (): Date => new Date(Date.now() + this.#aheadMs);
  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** Waits until `probe` gives something true, ten seconds at most. */
export const until = async <T>(probe: () => Promise<T | false | undefined | null>, timeoutMs = 10_000): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
