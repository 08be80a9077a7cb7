import type { StoredSecret } from '#keys';

/** For a call that was on its way when its key ended, and for clocks that differ. */
const lastCallMs = 120_000;

export const isValidAt = ({ state, retiresAt }: StoredSecret, at: Date): boolean =>
  state === 'valid' && (retiresAt === null || retiresAt > at);

/**
 * The account that the keys of a database are of, by the first that has told; undefined where none has. What the log knows of the processor
 * is of that account and of no other. `stored`: the newest first.
 */
export const accountAmong = (stored: readonly StoredSecret[]): string | undefined =>
  stored.findLast(({ state, processorAccount }) => state === 'valid' && processorAccount !== null)?.processorAccount ??
  undefined;

/** Whether all versions but one had ended before `at`, and what was sent with them. */
export const othersEnded = (stored: readonly StoredSecret[], version: number | undefined, at: Date): boolean =>
  stored.every(
    (each) =>
      each.version === version ||
      each.state !== 'valid' ||
      (each.retiresAt !== null && each.retiresAt.getTime() + lastCallMs < at.getTime()),
  );
