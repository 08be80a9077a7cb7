import type { LastRuns } from './run-store.js';
import type { Window } from './slices.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A gateway that has just started has other things to do. */
const settleMs = 600_000;
/** Objects change for a while after they were made: a bank debit takes days. */
const leastWindowMs = 3 * dayMs;
/** The processor keeps its events for so long. */
const mostWindowMs = 30 * dayMs;
/** Runs look back a little beyond the end of the one before. */
const overlapMs = hourMs;

export interface Moment {
  now: Date;
  /** When this gateway started. */
  startedAt: Date;
  everyHours: number;
  last: LastRuns;
}

/**
 * The turn of the schedule that `now` is in, the same for every gateway, and its window: three days or twice the time between two runs,
 * or from where the last run came to, if that is longer ago; 30 days at most. Undefined while the gateway has just started.
 */
export const nextTurn = ({ now, startedAt, everyHours, last }: Moment): { turn: Date; window: Window } | undefined => {
  if (now.getTime() - startedAt.getTime() < settleMs) return undefined;
  const everyMs = everyHours * hourMs;
  const turn = new Date(Math.floor(now.getTime() / everyMs) * everyMs);
  const usual = now.getTime() - Math.max(leastWindowMs, 2 * everyMs);
  const since = last.done ? last.done.windowTo.getTime() - overlapMs : usual;
  const from = Math.max(Math.min(usual, since), now.getTime() - mostWindowMs);
  return { turn, window: { from: new Date(from), to: now } };
};
