import { setTimeout as sleep } from 'node:timers/promises';

import type { Pool } from 'pg';

import type { LetterId } from './letter-id.js';
import { findEventLetter } from './letters.js';

/** What became of a letter that was to be tried again. */
export type Outcome = { state: 'digested' } | { state: 'failed'; error: string; tries: number } | { state: 'waiting' };

const lookEveryMs = 200;

/** Waits until the consumer has tried a letter again, or until `deadlineMs` (of Date.now) has passed. */
export const outcomeOf = async (
  pool: Pool,
  id: Extract<LetterId, { kind: 'event' }>,
  deadlineMs: number,
): Promise<Outcome> => {
  for (;;) {
    const letter = await findEventLetter(pool, id);
    if (!letter) return { state: 'digested' };
    if (letter.retry_requested_at === null)
      return { state: 'failed', error: letter.error ?? 'no error was told', tries: letter.tries };
    if (Date.now() >= deadlineMs) return { state: 'waiting' };
    await sleep(lookEveryMs);
  }
};
