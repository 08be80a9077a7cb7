import { LRUCache } from 'lru-cache';

/**
 * What the rows written last look like, so that the next batch need not read them. Right only as long as nobody else writes
 * them, which the checkpoint's compare-and-set guarantees, and only if the batch that wrote them has committed.
 */
export class Memory<Row extends object> {
  readonly #rows: LRUCache<string, Row>;
  #settled = true;

  /** Keeps the `max` rows used last. */
  constructor(max: number) {
    this.#rows = new LRUCache({ max });
  }

  /** Begins a batch; forgets everything unless the one before is known to have committed. */
  begin(): void {
    if (!this.#settled) this.#rows.clear();
    this.#settled = false;
  }

  committed(): void {
    this.#settled = true;
  }

  /** Forgets everything before the next batch. */
  forget(): void {
    this.#settled = false;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  set(key: string, row: Row): void {
    this.#rows.set(key, row);
  }
}
