import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `work` at most `limitMs`; then rejects with what `late` gives. The work itself goes on. */
export const within = async <T>(work: Promise<T>, limitMs: number, late: () => Error): Promise<T> => {
  const timer = new AbortController();
  const limit = sleep(limitMs, undefined, { signal: timer.signal }).then(() => {
    throw late();
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
    limit.catch(() => undefined); // the timer was stopped
  }
};

/** Milliseconds before the next try: from 100 on, doubled each time up to `mostMs`, and a random half of it left out. */
export const backoffMs = (failures: number, mostMs = 5_000): number =>
  Math.min(mostMs, 100 * 2 ** Math.min(failures, 16)) * (1 - Math.random() / 2);
