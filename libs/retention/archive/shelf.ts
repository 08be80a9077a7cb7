import type { Pool } from 'pg';

import type { Archived } from './archive.js';
import type { ShardMonth } from './month-reader.js';

/** A month of a shard that was archived, as the database has it written down. */
export interface ArchivedMonth extends ShardMonth {
  events: number;
  /** Names the store that the copy is in. */
  store: string;
  manifest: string;
  manifestSha256: Buffer;
  treeSize: number;
  verifiedAt: Date;
}

interface ArchiveRow {
  shard: number;
  month: string;
  event_count: string;
  store: string;
  manifest: string;
  manifest_sha256: Buffer;
  tree_size: string;
  verified_at: Date;
}

const select = `select shard, to_char(month, 'YYYY-MM') as month, event_count, store, manifest, manifest_sha256, tree_size, verified_at
  from billing.retention_archive`;

const archivedFrom = (row: ArchiveRow): ArchivedMonth => ({
  shard: row.shard,
  month: row.month,
  events: Number(row.event_count),
  store: row.store,
  manifest: row.manifest,
  manifestSha256: row.manifest_sha256,
  treeSize: Number(row.tree_size),
  verifiedAt: row.verified_at,
});

/** Every month that was archived, oldest first. */
export const archivedMonths = async (pool: Pick<Pool, 'query'>): Promise<ArchivedMonth[]> => {
  const { rows } = await pool.query<ArchiveRow>(`${select} order by month, shard`);
  return rows.map(archivedFrom);
};

/** Positions without a gap, both inclusive. */
export interface Run {
  first: number;
  last: number;
}

/** Runs of positions that a month was archived with, as the database has them written down. */
export const runsOf = async (pool: Pick<Pool, 'query'>, { shard, month }: ShardMonth): Promise<Run[]> => {
  const { rows } = await pool.query<{ first: string; last: string }>(
    `select lower(run) as first, upper(run) - 1 as last from billing.retention_archive a cross join unnest(a.positions) as run
    where a.shard = $1 and a.month = ($2 || '-01')::date order by run`,
    [shard, month],
  );
  return rows.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
};

/** Writes down that a month was archived and its copy verified. Does nothing where it is written down already. */
export const writeDown = async (
  operator: Pick<Pool, 'query'>,
  store: string,
  { manifest, path, sha256 }: Archived,
): Promise<void> => {
  await operator.query(
    `insert into billing.retention_archive (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size)
    values ($1, ($2 || '-01')::date, $3, $4::int8multirange, $5, $6, $7, $8) on conflict (shard, month) do nothing`,
    [
      manifest.shard,
      manifest.month,
      manifest.events,
      `{${manifest.positions.map(([first, last]) => `[${first},${last}]`).join()}}`,
      store,
      path,
      sha256,
      manifest.treeSize,
    ],
  );
};

/**
 * Months of shards that are over and were not archived, oldest first, some of which may be empty. A month is over a day after its end by the
 * database's clock: by then whatever was recorded in it has its position. `reader` sees the events of every tenant.
 */
export const monthsToArchive = async (
  reader: Pick<Pool, 'query'>,
  archived: readonly ShardMonth[],
): Promise<ShardMonth[]> => {
  const { rows } = await reader.query<{ shard: number; month: string; open: string }>(
    `select s.shard::integer, to_char(least(f.first, e.first) at time zone 'UTC', 'YYYY-MM') as month,
      to_char(now() at time zone 'UTC' - interval '1 day', 'YYYY-MM') as open
    from generate_series(0, 15) as s (shard)
    cross join lateral (
      select event.recorded_at as first from billing.event where event.shard = s.shard order by event.position limit 1) f
    -- Positions follow the times of recording but for moments: what is older than the first is looked for all the same.
    cross join lateral (
      select min(event.recorded_at) as first from billing.event where event.shard = s.shard and event.recorded_at < f.first) e
    order by s.shard`,
  );
  const done = new Set(archived.map(({ shard, month }) => `${month}/${shard}`));
  return rows
    .flatMap(({ shard, month, open }) => monthsBetween(month, open).map((each) => ({ shard, month: each })))
    .filter(({ shard, month }) => !done.has(`${month}/${shard}`))
    .sort((a, b) => a.month.localeCompare(b.month) || a.shard - b.shard);
};

/** From `2018-11` to before `2019-02`: `2018-11`, `2018-12`, `2019-01`. */
const monthsBetween = (first: string, end: string): string[] => {
  const months: string[] = [];
  for (let at = first; at < end; at = monthAfter(at)) months.push(at);
  return months;
};

const monthAfter = (month: string): string => {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
};
