import type { LastingAnchor } from '../ports.js';

export interface LookBackOptions {
  anchors: readonly LastingAnchor[];
  /** Least time between two looks. */
  everyMs: number;
  /** Is told that an anchor could not be asked. */
  warn: (message: string, context: Record<string, unknown>) => void;
}

/**
 * Looks whether the anchors still have what they kept: at the start the published checkpoint, which each of them kept before it was published, and
 * then, every so often, the one that was published at the look before. An older copy that was put in the place of an anchor lacks it, whatever is kept
 * there since.
 */
export class LookBack {
  #size: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LookBackOptions) {}

  /** Looks at once. `size`: leaves of the published checkpoint; undefined while there is none. Rejects as the anchors do. */
  async begin(size: number | undefined): Promise<void> {
    if (size !== undefined) await Promise.all(this.options.anchors.map((anchor) => anchor.lookFor(size)));
    this.#lookedAt = performance.now();
    this.#size = size;
  }

  /** Looks where it is time to. An anchor that is away is asked at the next look. `size`: leaves of the checkpoint that is published now. */
  async goOn(size: number): Promise<void> {
    if (performance.now() - this.#lookedAt < this.options.everyMs) return;
    this.#lookedAt = performance.now();
    const before = this.#size;
    this.#size = size;
    if (before !== undefined) await Promise.all(this.options.anchors.map((anchor) => this.#lookFor(anchor, before)));
  }

  async #lookFor(anchor: LastingAnchor, size: number): Promise<void> {
    try {
      await anchor.lookFor(size);
    } catch (error) {
      this.options.warn('an anchor could not be asked whether it still has a checkpoint', {
        anchor: anchor.name,
        error: String(error),
      });
    }
  }
}
