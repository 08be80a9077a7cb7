/** The pause between two rounds of one loop, which whoever has news for the loop ends early. */
export class Pause {
  #end: (() => void) | undefined;

  /** Resolves after `ms`, or with the next `end`. An `end` before it is not remembered: look for news first. */
  async last(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = undefined;
  }

  /** Ends the pause, where there is one. */
  end(): void {
    this.#end?.();
  }
}
