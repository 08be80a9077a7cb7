import { SealingStopped } from '../stopped.js';

/** Codes of WitnessedFork and AnchoredFork. */
const forks = ['witnessed_fork', 'anchored_fork'];

/** Whether a witness or an anchor says that it has seen another tree of ours. */
export const isFork = (error: unknown): error is Error => forks.includes(String((error as { code?: unknown }).code));

/**
 * Does what a witness or an anchor answers; throws SealingStopped (forked) when that is that it has seen another tree. But to a process that was
 * overtaken, they tell only what another has published since: it throws Overtaken then, as `assertNewest` does.
 */
export const unlessForked = async <T>(
  work: () => Promise<T>,
  assertNewest: () => void | Promise<void> = () => undefined,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!isFork(error)) throw error;
    await assertNewest();
    throw new SealingStopped('forked', error.message, { cause: error });
  }
};
