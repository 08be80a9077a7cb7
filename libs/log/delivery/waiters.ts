interface Waiter {
  target: ReadonlyMap<number, number>;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Those who wait until every shard has been digested up to a position. */
export class Waiters {
  #waiting: Waiter[] = [];

  /** Resolves once `target` is reached; rejects when the subscription is closed first. */
  add(target: ReadonlyMap<number, number>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ target, resolve, reject });
    });
  }

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** Lets those go whose target lies within `positions`. */
  release(positions: ReadonlyMap<number, number>): void {
    this.#waiting = this.#waiting.filter(({ target, resolve }) => {
      for (const [shard, position] of target) if ((positions.get(shard) ?? 0) < position) return true;
      resolve();
      return false;
    });
  }

  reject(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
