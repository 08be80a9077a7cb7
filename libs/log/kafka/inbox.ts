import type { EventRow } from '#event-store';

/** What became of a row that was offered. */
export type Offered = 'taken' | 'repeated' | 'gap';

/**
 * Rows on their way from the reader to the loop that digests them, of the shards that this process has been assigned. It lets in
 * what follows in each shard and nothing else, so that a batch never holds a repeat or jumps over a position.
 */
export class Inbox {
  readonly #capacity: number;
  /** The position that each assigned shard goes on with. */
  #next = new Map<number, number>();
  #rows: EventRow[] = [];
  readonly #waiting = new Set<() => void>();

  /** Is full with `capacity` rows. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Empties it and begins again after `positions`, whose shards are the assigned ones. */
  place(positions: ReadonlyMap<number, number>): void {
    this.#next = new Map([...positions].map(([shard, position]) => [shard, position + 1]));
    this.#rows = [];
    this.wake();
  }

  shards(): number[] {
    return [...this.#next.keys()];
  }

  /** The position that a shard goes on with; undefined for one that is not assigned. */
  next(shard: number): number | undefined {
    return this.#next.get(shard);
  }

  get isFull(): boolean {
    return this.#rows.length >= this.#capacity;
  }

  /** Takes a row in if it is the one that comes next in its shard. Those of shards that are not assigned count as repeated. */
  offer(row: EventRow): Offered {
    const position = Number(row.position);
    const next = this.#next.get(row.shard) ?? Infinity;
    if (position !== next) return position < next ? 'repeated' : 'gap';
    this.#next.set(row.shard, position + 1);
    this.#rows.push(row);
    if (this.#rows.length === 1) this.wake();
    return 'taken';
  }

  /** Goes on after `position` in a shard: what lies before it was removed. */
  pass(shard: number, position: number): void {
    const next = this.#next.get(shard);
    if (next !== undefined && next <= position) this.#next.set(shard, position + 1);
  }

  /** The rows that came first, `limit` at most. */
  take(limit: number): EventRow[] {
    const wasFull = this.isFull;
    const rows = this.#rows.splice(0, limit);
    if (wasFull && !this.isFull) this.wake();
    return rows;
  }

  /** Resolves when it stops being empty or full, is emptied or is woken; after `timeoutMs` at the latest. */
  change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  /** Lets everybody look who waits for a change. */
  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
