import { shardCount } from '#event-store';

import { UsageError } from '../usage.js';

/** Where a replay begins or ends: at a time, or at a position of each of some shards. */
export type Bound =
  { kind: 'time'; at: Date; micros: bigint } | { kind: 'positions'; positions: ReadonlyMap<number, number> };

const timeForm = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?$/;
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
  const at = new Date(time);
  // 2026-02-30 would become the 2nd of March.
  if (
    Number.isNaN(at.getTime()) ||
    new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDate() !== Number(time.slice(8, 10))
  )
    throw new UsageError(`${option}: there is no such time as ${short(text)}`);
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
