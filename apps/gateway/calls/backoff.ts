/** Exponential from `baseMs`, doubling with each try (from 1), at most `maxMs`; the upper half of it is random. */
export const backoffMs = (tries: number, baseMs: number, maxMs: number, random: () => number = Math.random): number => {
  const whole = Math.min(baseMs * 2 ** Math.min(tries - 1, 30), maxMs);
  return Math.round(whole / 2 + (random() * whole) / 2);
};
