import { within } from '#platform/waiting';

import type { LastingAnchor } from '../ports.js';

/** Closing waits so long for those who have not answered. */
const closeAnywayMs = 1_000;

export interface LookBackOptions {
  anchors: readonly LastingAnchor[];
  /** Least time between two looks. */
  everyMs: number;
  /** Is told that an anchor could not be asked, or does not answer. */
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
  /** Anchors that were asked and have not answered. */
  readonly #looking = new Map<LastingAnchor, Promise<void>>();

  constructor(private readonly options: LookBackOptions) {}

  /** Looks at once. `size`: leaves of the published checkpoint; undefined while there is none. Rejects as the anchors do. */
  async begin(size: number | undefined): Promise<void> {
    if (size !== undefined) await Promise.all(this.options.anchors.map((anchor) => anchor.lookFor(size)));
    this.#lookedAt = performance.now();
    this.#size = size;
  }

  /**
   * Begins a look where it is time to, beside the sealing: an anchor that is slow holds nothing up, and is not asked again before it has answered. One
   * that is away is asked at the next look. `size`: leaves of the checkpoint that is published now.
   */
  goOn(size: number): void {
    if (performance.now() - this.#lookedAt < this.options.everyMs) return;
    this.#lookedAt = performance.now();
    const before = this.#size;
    this.#size = size;
    if (before === undefined) return;
    for (const anchor of this.options.anchors) {
      if (this.#looking.has(anchor)) {
        const context = { anchor: anchor.name };
        this.options.warn('an anchor has not answered yet whether it still has a checkpoint', context);
      } else {
        const looking = this.#lookFor(anchor, before).finally(() => this.#looking.delete(anchor));
        this.#looking.set(anchor, looking);
      }
    }
  }

  /** Waits for the looks that are under way, a second at most. */
  async close(): Promise<void> {
    await within(Promise.all(this.#looking.values()), closeAnywayMs);
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
