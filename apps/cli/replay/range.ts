import { shardCount } from '#event-store';
import { isInstant } from '#projections';

import { UsageError } from '../usage.js';

/** Where a replay begins or ends: at a time, or at a position of each of some shards. */
export type Bound =
  { kind: 'time'; at: Date; micros: bigint } | { kind: 'positions'; positions: ReadonlyMap<number, number> };

const timeForm = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?$/;
/** What was recorded, and a while around it, has a year of four digits. */
const [firstTime, lastTime] = [new Date('1970-01-01T00:00:00Z'), new Date('9998-12-31T23:59:59Z')];
const positionForm = /^(\d{1,2}):(\d{1,15})$/;

/**
 * Reads a `--from` or `--to`: an RFC 3339 time, a day (its beginning in UTC), or a comma list of `shard:position`. Throws
 * UsageError.
 */
export const boundOf = (option: string, text: string): Bound => {
  if (timeForm.test(text)) return timeOf(option, text);
  const positions = new Map<number, number>();
  for (const part of text.split(',')) {
    const match = positionForm.exec(part.trim());
    const [shard, position] = [Number(match?.[1]), Number(match?.[2])];
    if (!match || position < 1)
      throw new UsageError(
        `${option} must be a day (2026-11-21), a time (2026-11-21T04:00:00Z) or positions (3:42 or 0:7,3:42), not ${short(text)}`,
      );
    if (shard >= shardCount)
      throw new UsageError(`${option}: there is no shard ${shard}; shards are 0 to ${shardCount - 1}`);
    if (positions.has(shard)) throw new UsageError(`${option} names shard ${shard} twice`);
    positions.set(shard, position);
  }
  return { kind: 'positions', positions };
};

const timeOf = (option: string, text: string): Bound => {
  const time = text.length === 10 ? `${text}T00:00:00Z` : text;
  if (!isInstant(time)) throw new UsageError(`${option}: there is no such time as ${short(text)}`);
  const at = new Date(time);
  if (at < firstTime || at > lastTime)
    throw new UsageError(`${option}: nothing is recorded at ${short(text)}; give a time from 1970 to 9998`);
  return { kind: 'time', at, micros: microsOf(time) };
};

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}...` : text);

/** Microseconds since 1970 of a time in RFC 3339 or as Postgres writes it (`2026-11-21 03:28:00.123456+00`). */
export const microsOf = (text: string): bigint => {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const whole = text
    .replace(/\.\d+/, '')
    .replace(' ', 'T')
    .replace(/([+-]\d\d)$/, '$1:00');
  return BigInt(Date.parse(whole)) * 1_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
};
