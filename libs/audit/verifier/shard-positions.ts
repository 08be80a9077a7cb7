import type { Entry } from '../entries/index.js';
import { LogBroken } from './log-broken.js';

/** Holds each shard of a log to positions 1, 2, 3, ...: an event that was left out, or that is there twice, shows. */
export class ShardPositions {
  readonly #last = new Map<number, number>();

  /** Takes the entry of leaf `index`. Throws LogBroken when it is not the next one of its shard. */
  take({ shard, position }: Entry, index: number): void {
    const expected = (this.#last.get(shard) ?? 0) + 1;
    if (position !== expected) {
      const omitted = position > expected;
      const what = omitted ? 'is left out' : 'comes again or too late';
      const bad = omitted ? expected : position;
      throw new LogBroken({
        kind: omitted ? 'omitted' : 'repeated',
        message: `leaf ${String(index)}: position ${String(bad)} of shard ${String(shard)} ${what}`,
        index,
        shard,
        position: bad,
      });
    }
    this.#last.set(shard, position);
  }

  /** The last position of each shard. */
  heads(): ReadonlyMap<number, number> {
    return this.#last;
  }
}
