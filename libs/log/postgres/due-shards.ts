import { allShards } from '#event-store';

import type { Wakeups } from './wakeups.js';

/** How often a reader looks at every shard, whether it was woken or not, unless it says otherwise. */
const usualPollMs = 100;

/**
 * The shards that one reader has to look at: those it was woken for, and every `pollMs` all of them. Looking at one
 * shard costs a tenth of looking at sixteen.
 */
export class DueShards {
  readonly #wakeups: Wakeups;
  readonly #pollMs: number;
  #heard = 0;
  #pollAt = 0;

  constructor(wakeups: Wakeups, pollMs = usualPollMs) {
    this.#wakeups = wakeups;
    this.#pollMs = pollMs;
  }

  /** The shards to read now; none when there is nothing to look at. Ask before reading: what is appended later counts as new. */
  take(): readonly number[] {
    const woken = this.#wakeups.shardsAfter(this.#heard);
    const all = woken === undefined || Date.now() >= this.#pollAt;
    this.#heard = this.#wakeups.heard;
    if (all) this.#pollAt = Date.now() + this.#pollMs;
    return all ? allShards : woken;
  }

  /** What was taken was not read, or not to its end: the next `take` gives every shard. */
  giveBack(): void {
    this.#pollAt = 0;
  }

  /** Resolves when there is something to take. */
  async next(): Promise<void> {
    await this.#wakeups.after(this.#heard, Math.max(0, this.#pollAt - Date.now()));
  }
}
