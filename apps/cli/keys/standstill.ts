import type { Run } from './runs.js';

/** How long nothing has moved, by what is seen each time: of a run that goes on later, since then. */
export class Standstill {
  #seen: string | undefined;
  #sinceMs = Date.now();

  /** For how many milliseconds it has been as it is; nothing under way counts as that. */
  lasts(run: Run | undefined): number {
    const now = Date.now();
    const seen = run && JSON.stringify(run);
    if (seen !== this.#seen) this.#sinceMs = Math.max(now, run?.notBefore.getTime() ?? now);
    this.#seen = seen;
    return now - this.#sinceMs;
  }
}
