import { ProblemError } from '../../http/problem.js';

/** Lets at most `count` work at once; the others wait in order. Keeps readers of the log from taking every connection of the pool. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(
    count: number,
    private readonly maxWaiting = 1_000,
  ) {
    this.#free = count;
  }

  /** Throws ProblemError (503) where so many wait already that a further one would wait in vain. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else if (this.#waiting.length >= this.maxWaiting)
      throw new ProblemError(503, 'overloaded', 'too many readers of events wait; try again in a moment');
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
