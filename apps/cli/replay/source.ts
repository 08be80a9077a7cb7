import type { EventType } from '#contracts';
import type { EventRow } from '#event-store';
import { allShards } from '#event-store';

import { UsageError } from '../usage.js';
import type { Bound } from './range.js';
import { microsOf } from './range.js';

/** Which events to replay. */
export interface ReplayQuery {
  /** First event: recorded at or after a time, or at a position. */
  from?: Bound | undefined;
  /** End: recorded before a time, or up to and with a position. */
  to?: Bound | undefined;
  types?: readonly EventType[] | undefined;
  tenantId?: string | undefined;
  streamId?: string | undefined;
}

/** A run of wanted events of one shard. */
export interface ReplayPage {
  shard: number;
  rows: EventRow[];
  /** Position up to which the shard has been looked at. */
  upTo: number;
}

/** How far a source is, in positions or records. */
export interface ReplayExtent {
  /** What there is to look at. */
  total: number;
}

/**
 * Where a replay reads from. Every source gives the same events in the same order: shard by shard, in each by position.
 * `done` is the last position of each shard that an earlier run has delivered.
 */
export interface ReplaySource {
  open(query: ReplayQuery, done: ReadonlyMap<number, number>): Promise<ReplayExtent>;
  pages(signal: AbortSignal): AsyncGenerator<ReplayPage>;
  close(): Promise<void>;
}

/** Raised when a source cannot give what was asked for; the message says what to do. */
export class ReplayFailed extends Error {}

/**
 * How far two events may stand in the order of positions against that of their times of recording: an append takes its time when it
 * begins and its position when it gets its turn, and clocks are set. Times are compared exactly; this is only how far to look.
 */
export const timeSlackMs = 10 * 60_000;

/** The shards a query may have events in. Throws UsageError when its bounds name different ones. */
export const shardsOf = ({ from, to }: Pick<ReplayQuery, 'from' | 'to'>): readonly number[] => {
  const named = [from, to].flatMap((bound) =>
    bound?.kind === 'positions' ? [[...bound.positions.keys()].sort(byNumber)] : [],
  );
  const [first, second] = named;
  if (first && second && first.join() !== second.join())
    throw new UsageError(
      `--from names shards ${first.join(', ')} and --to shards ${second.join(', ')}; name the same ones`,
    );
  return first ?? allShards;
};

const byNumber = (a: number, b: number): number => a - b;

/** The positions of a shard that a query leaves: those above `after`, up to `upTo` (Infinity: to the end). Times do not count here. */
export const spanOf = (
  { from, to }: ReplayQuery,
  shard: number,
  done: ReadonlyMap<number, number>,
): { after: number; upTo: number } => {
  const first = from?.kind === 'positions' ? (from.positions.get(shard) ?? 1) : 1;
  const upTo = to?.kind === 'positions' ? (to.positions.get(shard) ?? 0) : Number.POSITIVE_INFINITY;
  return { after: Math.max(first - 1, done.get(shard) ?? 0), upTo };
};

/** Whether a row is wanted, for sources that cannot leave that to their store. */
export const matcherOf = ({ from, to, types, tenantId, streamId }: ReplayQuery): ((row: EventRow) => boolean) => {
  const wantedTypes = types && new Set<string>(types);
  const [least, end] = [from, to].map((bound) => (bound?.kind === 'time' ? bound.micros : undefined));
  return (row) => {
    if (wantedTypes && !wantedTypes.has(row.type)) return false;
    if (tenantId !== undefined && row.tenant_id !== tenantId) return false;
    if (streamId !== undefined && row.stream_id !== streamId) return false;
    if (least === undefined && end === undefined) return true;
    const recorded = microsOf(row.recorded_at);
    return (least === undefined || recorded >= least) && (end === undefined || recorded < end);
  };
};
