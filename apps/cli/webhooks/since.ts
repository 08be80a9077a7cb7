import { isInstant } from '#projections';

import { UsageError } from '../usage.js';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** When something began that was said as how long ago (`30m`, `36h`, `7d`) or as a time of RFC 3339. Throws UsageError. */
export const sinceOf = (text: string, now: Date): Date => {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const at = count === undefined ? timeOf(text) : now.getTime() - Number(count) * (unitMs[unit] ?? NaN);
  if (Number.isNaN(at))
    throw new UsageError('--since takes how long ago, such as 30m, 36h or 7d, or a time of RFC 3339');
  return new Date(at);
};

/** Seconds may be left out. */
const timeOf = (text: string): number => {
  const whole = text.replace(/^(.{10}T\d\d:\d\d)(Z|[+-])/, '$1:00$2');
  return isInstant(whole) ? Date.parse(whole) : NaN;
};
