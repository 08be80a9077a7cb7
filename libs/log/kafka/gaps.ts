import type { LogObserver } from '../port.js';

const firstPaceMs = 1_000;
const maxPaceMs = 300_000;

/**
 * Shards in which a position is missing. Nothing past it is digested: what comes is passed over until the relay sends the
 * shard again from the missing position on, and from time to time it is read again from before the gap. Other shards go on.
 */
export class Gaps {
  readonly #readAgain: (shard: number) => void;
  readonly #observer: LogObserver;
  readonly #gaps = new Map<number, NodeJS.Timeout>();

  /** `readAgain` goes back to the last position that was found. */
  constructor(readAgain: (shard: number) => void, observer: LogObserver) {
    this.#readAgain = readAgain;
    this.#observer = observer;
  }

  /** `position` came at `offset` where `expected` was due. */
  found(shard: number, expected: number | undefined, position: number, offset: string): void {
    if (this.#gaps.has(shard)) return;
    this.#observer.count?.('gap', 1);
    this.#observer.warn('a position is missing in Kafka; its shard waits', { shard, expected, position, offset });
    this.#schedule(shard, 1);
  }

  /** The shard goes on. */
  closed(shard: number): void {
    clearTimeout(this.#gaps.get(shard));
    this.#gaps.delete(shard);
  }

  close(): void {
    for (const shard of [...this.#gaps.keys()]) this.closed(shard);
  }

  #schedule(shard: number, tries: number): void {
    const timer = setTimeout(
      () => {
        this.#observer.warn('a position is still missing in Kafka; its shard is read again', { shard, tries });
        this.#schedule(shard, tries + 1);
        this.#readAgain(shard);
      },
      Math.min(firstPaceMs * 2 ** (tries - 1), maxPaceMs),
    );
    this.#gaps.set(shard, timer);
  }
}
