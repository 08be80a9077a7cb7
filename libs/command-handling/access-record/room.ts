interface Share<T> {
  readonly payer: string;
  readonly items: Set<T>;
  /** Until when it takes no more, in milliseconds. */
  closedUntil: number;
}

/** Things that take room, each on the account of somebody: who has how much of it, and who has most. Pure but for its own state. */
export class Room<T> {
  readonly #shares = new Map<string, Share<T>>();
  /** Shares by how many things they have. */
  readonly #bySize = new Map<number, Set<Share<T>>>();
  #size = 0;
  /** What a share has at most: never less than the largest. */
  #most = 0;

  /** Things that are there. */
  get size(): number {
    return this.#size;
  }

  /** How much `payer` has. */
  of(payer: string): number {
    return this.#shares.get(payer)?.items.size ?? 0;
  }

  put(payer: string, item: T): void {
    const share = this.#shares.get(payer) ?? { payer, items: new Set(), closedUntil: 0 };
    this.#shares.set(payer, share);
    this.#resize(share, () => share.items.add(item));
    this.#size += 1;
  }

  take(payer: string, item: T): void {
    const share = this.#shares.get(payer);
    if (!share?.items.has(item)) return;
    this.#resize(share, () => share.items.delete(item));
    this.#size -= 1;
    if (share.items.size === 0) this.#shares.delete(payer);
  }

  /** The latest thing of whoever has most, where that is at least two more than `payer` has; undefined where room is shared evenly. */
  spareFor(payer: string): { payer: string; item: T } | undefined {
    while (this.#most > 0 && !this.#bySize.has(this.#most)) this.#most -= 1;
    const [largest] = this.#bySize.get(this.#most) ?? [];
    const item = largest && [...largest.items].at(-1);
    return largest && item !== undefined && this.#most > this.of(payer) + 1
      ? { payer: largest.payer, item }
      : undefined;
  }

  /** Lets `payer` have no more for a while. */
  close(payer: string, until: number): void {
    const share = this.#shares.get(payer);
    if (share) share.closedUntil = until;
  }

  isClosed(payer: string, now: number): boolean {
    return now < (this.#shares.get(payer)?.closedUntil ?? 0);
  }

  #resize(share: Share<T>, change: () => unknown): void {
    const before = this.#bySize.get(share.items.size);
    before?.delete(share);
    if (before?.size === 0) this.#bySize.delete(share.items.size);
    change();
    const size = share.items.size;
    if (size === 0) return;
    const after = this.#bySize.get(size) ?? new Set();
    this.#bySize.set(size, after.add(share));
    this.#most = Math.max(this.#most, size);
  }
}
