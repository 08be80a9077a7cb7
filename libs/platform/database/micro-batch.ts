/** Questions in one query at most. */
const maxBatch = 200;

interface Asked<Q, A> {
  question: Q;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

/**
 * Groups questions to the database: those that come while a query is in flight share the next one, so that a query serves as
 * many as the load brings and a lone question waits for nobody. `ask` answers a batch in its order; if it throws, all fail.
 */
export class MicroBatch<Q, A> {
  readonly #ask: (questions: readonly Q[]) => Promise<readonly A[]>;
  readonly #gatherMs: number;
  #waiting: Asked<Q, A>[] = [];
  #busy = false;

  /** `gatherMs`: how long a question may wait for others to share its query; for what nobody waits for. */
  constructor(ask: (questions: readonly Q[]) => Promise<readonly A[]>, gatherMs = 0) {
    this.#ask = ask;
    this.#gatherMs = gatherMs;
  }

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#waiting.length > 1 || this.#busy) return;
      this.#busy = true;
      // One turn later, so that all questions of this turn share the first query.
      if (this.#gatherMs > 0) setTimeout(() => void this.#run(), this.#gatherMs);
      else queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const answers = await this.#ask(batch.map(({ question }) => question));
        batch.forEach(({ resolve }, at) => {
          resolve(answers[at] as A);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
