import type { LogIdentity } from '#audit';
import type { ObjectStore } from '#object-store';
import { withoutRebuildOfBooks } from '#projections';
import type { Pool, PoolClient } from 'pg';

import { archivedMonths, runsOf } from '../archive/index.js';
import { Copies } from './copies.js';
import { deleteStreams } from './delete-streams.js';
import type { RemovalBounds, StreamKey } from './delete-streams.js';

/**
 * Why events that are older than their retention stay. The words are those of `retention_refusal` in migrations/0027_retention.sql, and `slow`:
 * one statement is too short for their stream.
 */
export const reasonsToStay = ['young', 'open', 'held', 'referred', 'unarchived', 'unread', 'newest', 'slow'] as const;
export type ReasonToStay = (typeof reasonsToStay)[number];

export interface RemovalOptions {
  /** Where the copies are: each is looked at once more before anything of its month is removed. */
  store: ObjectStore;
  /** Whose checkpoints of the audit log are believed in manifests. */
  identity: LogIdentity;
  /** Says what would be removed, and removes nothing. */
  dryRun: boolean;
  /** Events of archived months that were looked at, of all there are in them. */
  onProgress?: (done: number, total: number) => void;
  /** Ends after the statement at hand. */
  signal?: AbortSignal;
  /** How long one statement may take: four seconds, and thirty for a single stream. */
  bounds?: RemovalBounds;
}

/** Counts of events. */
export interface Removal {
  /** That were removed, or would be. */
  removed: number;
  /** That are older than their retention and stay. */
  kept: Partial<Record<ReasonToStay, number>>;
}

/** How often a batch is judged, where something was placed or written between that and its removal. */
const maxAttempts = 3;
/** Positions that are looked at in one go, and whose streams are removed in one statement. */
const batchPositions = 500;

interface Candidate extends StreamKey {
  why: ReasonToStay | null;
  events: string;
}

/**
 * Removes what is past its retention, archived and referred to by nothing, a stream at a time, oldest month first. `pool` acts as
 * billing_retention, whose every row the database judges again: what this module overlooks is refused there. The database brings forward what
 * removed events had in the books. Throws RebuildRunning and RebuildOutdated while read models are rebuilt, CopyDiffers where a copy is no
 * longer what was verified.
 */
export const removeExpired = (pool: Pool, options: RemovalOptions): Promise<Removal> =>
  withoutRebuildOfBooks(pool, async (client) => {
    const months = await expiredMonths(client);
    const total = months.reduce((sum, { events }) => sum + events, 0);
    const removal: Removal = { removed: 0, kept: {} };
    const copies = new Copies(options, await archivedMonths(pool));
    const slow = new Set<string>();
    const isInterrupted = (): boolean => options.signal?.aborted === true;
    let done = 0;
    for (const month of months) {
      if (isInterrupted()) break;
      for (const run of await runsOf(client, month)) {
        for (let after = run.first - 1; after < run.last && !isInterrupted();) {
          const next = await nextPosition(client, month.shard, { after, last: run.last });
          const upTo = next === undefined ? run.last : Math.min(next - 1 + batchPositions, run.last);
          if (next !== undefined)
            await oneBatch(
              client,
              { shard: month.shard, after: next - 1, upTo },
              { ...options, copies, removal, slow },
            );
          done += upTo - after;
          options.onProgress?.(done, total);
          after = upTo;
        }
      }
    }
    return removal;
  });

/** Archived months that began before what may be removed ends, and of which something is left: a probe of an index for each run of positions. */
const expiredMonths = async (client: PoolClient): Promise<{ shard: number; month: string; events: number }[]> => {
  const { rows } = await client.query<{ shard: number; month: string; events: string }>(
    `select a.shard, to_char(a.month, 'YYYY-MM') as month, a.event_count as events from billing.retention_archive a
    where a.month at time zone 'UTC' < billing.retention_ends() and exists (
      select from unnest(a.positions) as run
      -- No semi-join of the whole log: this is asked run by run.
      where (select e.position from billing.event e
        where e.shard = a.shard and e.position >= lower(run) and e.position < upper(run) order by e.position limit 1) is not null)
    order by a.month, a.shard`,
  );
  return rows.map((row) => ({ ...row, events: Number(row.events) }));
};

/** The first position from `after` (exclusive) to `last` (inclusive) that has an event; undefined where all of them were removed. */
const nextPosition = async (
  client: PoolClient,
  shard: number,
  { after, last }: { after: number; last: number },
): Promise<number | undefined> => {
  const { rows } = await client.query<{ position: string }>({
    name: 'next_position_left',
    text: 'select position from billing.event where shard = $1 and position > $2 and position <= $3 order by position limit 1',
    values: [shard, after, last],
  });
  return rows[0] && Number(rows[0].position);
};

interface Batch {
  shard: number;
  after: number;
  upTo: number;
}

interface BatchOptions extends RemovalOptions {
  copies: Copies;
  removal: Removal;
  /** Streams that one statement was too short for, which are not tried again for every batch that has events of them. */
  slow: Set<string>;
}

const oneBatch = async (client: PoolClient, batch: Batch, options: BatchOptions): Promise<void> => {
  const { dryRun, copies, removal, slow, bounds, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    const candidates = await judged(client, batch);
    const going = candidates.filter((each) => each.why === null && !slow.has(nameOf(each)));
    try {
      if (dryRun) removal.removed += going.reduce((sum, { events }) => sum + Number(events), 0);
      else if (going.length > 0) {
        await checkCopies(client, batch.shard, going, copies);
        const onRemoved = (events: number): void => {
          removal.removed += events;
        };
        const stayed = await deleteStreams(client, batch.shard, going, { bounds, signal, onRemoved });
        for (const each of stayed) slow.add(nameOf(each));
      }
    } catch (error) {
      if (!hasChangedMeanwhile(error) || attempt === maxAttempts) throw error;
      continue;
    }
    for (const each of candidates) {
      const why = each.why ?? (slow.has(nameOf(each)) ? 'slow' : null);
      if (why !== null) removal.kept[why] = (removal.kept[why] ?? 0) + Number(each.events);
    }
    return;
  }
};

const nameOf = ({ tenant_id, stream_id }: StreamKey): string => `${tenant_id}/${stream_id}`;

/** Whether the database refused what it had allowed when it was asked before (a hold was placed, a stream has gone on), or was busy. */
const hasChangedMeanwhile = (error: unknown): boolean =>
  ['42501', '55P03', '40P01'].includes((error as { code?: string }).code ?? '');

/** The streams that have old events in a batch, each with how many these are, and why it stays: for the first of its events that must. */
const judged = async (client: PoolClient, { shard, after, upTo }: Batch): Promise<Candidate[]> => {
  const { rows } = await client.query<Candidate>({
    name: 'judge_streams',
    text: `select c.tenant_id, c.stream_id, c.events, (
        select r.why from billing.event e
        cross join lateral (select billing.retention_refusal(e.shard, e.position, e.tenant_id, e.stream_id, e.recorded_at) as why offset 0) r
        where e.shard = $1 and e.tenant_id = c.tenant_id and e.stream_id = c.stream_id and r.why is not null limit 1) as why
      from (
        select tenant_id, stream_id, count(*) as events from billing.event
        where shard = $1 and position > $2 and position <= $3 and recorded_at < billing.retention_ends()
        group by 1, 2) c`,
    values: [shard, after, upTo],
  });
  return rows;
};

/** Looks at the copies of all months that streams have events of. Throws CopyDiffers. */
const checkCopies = async (
  client: PoolClient,
  shard: number,
  streams: readonly StreamKey[],
  copies: Copies,
): Promise<void> => {
  const { rows: months } = await client.query<{ month: string }>(
    `select distinct to_char(recorded_at at time zone 'UTC', 'YYYY-MM') as month
    from unnest($2::uuid[], $3::text[]) as s (tenant_id, stream_id)
    join billing.event e on e.shard = $1 and e.tenant_id = s.tenant_id and e.stream_id = s.stream_id`,
    [shard, streams.map((each) => each.tenant_id), streams.map((each) => each.stream_id)],
  );
  for (const { month } of months) await copies.check(client, { shard, month });
};
