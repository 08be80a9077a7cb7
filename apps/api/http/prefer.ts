import { ProblemError } from './problem.js';

const defaultWaitSeconds = 5;
const maxWaitSeconds = 60;

/**
 * How long a caller waits, in ms, by the `wait` preference of RFC 7240: whole seconds, 0 to 60, `otherwiseSeconds` when absent. Other
 * preferences are ignored, as the RFC says. Throws ProblemError for a wait that is no number.
 */
export const waitOf = (prefer: string | string[] | undefined, otherwiseSeconds = defaultWaitSeconds): number => {
  if (prefer === undefined) return otherwiseSeconds * 1_000;
  const text = Array.isArray(prefer) ? prefer.join(',') : prefer;
  const wait = /(?:^|[,;\s])wait\s*=\s*"?([^\s",;]*)/i.exec(text)?.[1];
  if (wait === undefined) return otherwiseSeconds * 1_000;
  if (!/^\d{1,9}$/.test(wait))
    throw new ProblemError(400, 'invalid_prefer', 'wait must be whole seconds, such as `Prefer: wait=5`', {
      field: 'Prefer',
    });
  return Math.min(Number(wait), maxWaitSeconds) * 1_000;
};
