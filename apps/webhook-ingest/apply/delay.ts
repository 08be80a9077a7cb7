/** Doubles from `baseMs` with each try (from 1), at most `maxMs`; the upper half of it is random. */
export const delayMs = (tries: number, baseMs: number, maxMs: number): number => {
  const whole = Math.min(baseMs * 2 ** Math.min(tries - 1, 30), maxMs);
  return Math.round(whole / 2 + (Math.random() * whole) / 2);
};
