import type { Pool } from 'pg';

import type { BlockedStream } from './dead-letters.js';
import type { Delivery } from './delivery.js';

/** Letters tried before live events have their turn again. */
const lettersAtOnce = 100;

/** Digests what was set aside, once an operator has asked for it or has discarded what lay before it. */
export class Retries {
  readonly #pool: Pool;
  readonly #delivery: Delivery;
  readonly #everyMs: number;
  #nextLookAt = 0;

  /** `everyMs`: how often the table is asked whether an operator wants something; not at all while nothing is set aside. */
  constructor(pool: Pool, delivery: Delivery, everyMs: number) {
    this.#pool = pool;
    this.#delivery = delivery;
    this.#everyMs = everyMs;
  }

  /**
   * Looks, if it is time to, and tries what may be tried in `shards`. Live events of the streams concerned come behind, because
   * the caller delivers none meanwhile and any other process is fenced by the checkpoint. Throws what `deliver` throws.
   */
  async run(shards: readonly number[]): Promise<void> {
    const { deadLetters } = this.#delivery;
    if (!deadLetters.anyBlocked || Date.now() < this.#nextLookAt) return;
    this.#nextLookAt = Date.now() + this.#everyMs;
    let left = lettersAtOnce;
    for (const stream of await deadLetters.released(this.#pool, shards)) {
      left -= await this.#retry(stream, left);
      if (left > 0) continue;
      this.#nextLookAt = 0; // there may be more
      return;
    }
  }

  /** Gives how many letters were tried. */
  async #retry(stream: BlockedStream, limit: number): Promise<number> {
    const { deadLetters } = this.#delivery;
    const { letters, last } = await deadLetters.triable(this.#pool, stream, limit);
    for (const [at, letter] of letters.entries()) {
      if (!(await this.#delivery.retry(letter))) return at + 1;
    }
    if (last) deadLetters.unblock(stream);
    return letters.length;
  }
}
