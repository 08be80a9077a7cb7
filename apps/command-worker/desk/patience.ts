import { setTimeout as sleep } from 'node:timers/promises';

/** The process is ending, or the partition has gone to another: what was not done is done by whoever comes next. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted while waiting');
  }
}

const firstPauseMs = 100;
const maxPauseMs = 5_000;

export interface Patience {
  signal: AbortSignal;
  /** Whether to try again after a failure; `tries` is how often it has failed. */
  again: (error: unknown, tries: number) => boolean;
}

/** Does `work` until it succeeds or until `again` gives up on it. Throws what it threw last, or Interrupted instead of a further try. */
export const patiently = async <T>(work: () => Promise<T>, { signal, again }: Patience): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    if (signal.aborted) throw new Interrupted();
    try {
      return await work();
    } catch (error) {
      if (!again(error, tries)) throw error;
    }
    const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(tries - 1, 10), maxPauseMs) * (0.5 + Math.random() / 2);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
};
