import type { Pool } from 'pg';

/** Where an event stands in the event log. */
export interface EventPlace {
  shard: number;
  /** 1-based. */
  position: number;
}

/** Positions of one shard that follow each other: `count` of them, from `position` on. */
export interface ShardRun {
  shard: number;
  /** Of the first of them, 1-based. */
  position: number;
  count: number;
}

/** Leaves that lie next to each other in the log and come from one shard: `count` positions from `position` on, from leaf `index` on. */
export interface LeafRun extends ShardRun {
  /** 0-based place in the log of the first of them. */
  index: number;
}

interface RunRow {
  first_index: string;
  shard: number;
  first_position: string;
  count: number;
}

const runFrom = (row: RunRow): LeafRun => ({
  index: Number(row.first_index),
  shard: row.shard,
  position: Number(row.first_position),
  count: row.count,
});

const columns = 'r.first_index, r.shard, r.first_position, r.count';

/** Raised where Postgres says of a leaf something else than the log: somebody else has written there. */
export class LeafRunsChanged extends Error {
  readonly code = 'leaf_runs_changed';
  /** `there`: what stands at the leaf with which `run` begins; undefined where none begins there. */
  constructor(run: LeafRun, there: LeafRun | undefined) {
    super(`the log has ${told(run)}, and audit_leaf_run has ${there ? told(there) : 'none that begins there'}`);
    this.name = 'LeafRunsChanged';
  }
}

const told = ({ index, shard, position, count }: LeafRun): string =>
  `${count} leaves from leaf ${index} on of shard ${shard} from position ${position} on`;

const isSame = (a: LeafRun | undefined, b: LeafRun): boolean =>
  a?.index === b.index && a.shard === b.shard && a.position === b.position && a.count === b.count;

/**
 * Where each event stands in the log, kept in Postgres to be found quickly. It is a copy of the interleaving records, not a proof: whoever
 * reads a place here holds the leaf against the event.
 */
export class LeafRuns {
  constructor(private readonly pool: Pick<Pool, 'query'>) {}

  /**
   * Adds runs, which follow each other in the log. Those that are there already are left as they are, because this is done again after a crash.
   * Throws LeafRunsChanged where others are there; rejects where the first does not go on where the table ends.
   */
  async insert(runs: readonly LeafRun[]): Promise<void> {
    if (runs.length === 0) return;
    const inserted = await this.#insert(runs).catch((error: unknown) => error as Error);
    if (inserted === runs.length) return;
    await this.#assertSame(runs, (end) => (typeof inserted === 'number' ? Infinity : end));
    if (typeof inserted !== 'number') throw inserted;
  }

  async #insert(runs: readonly LeafRun[]): Promise<number> {
    const { rowCount } = await this.pool.query({
      name: 'insert_leaf_runs',
      text: `insert into billing.audit_leaf_run (first_index, shard, first_position, count)
        select * from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::integer[])
        on conflict do nothing`,
      values: [
        runs.map(({ index }) => index),
        runs.map(({ shard }) => shard),
        runs.map(({ position }) => position),
        runs.map(({ count }) => count),
      ],
    });
    return rowCount ?? 0;
  }

  /** Holds runs against what is there, up to a leaf that is told by where the table ends. */
  async #assertSame(runs: readonly LeafRun[], upTo: (end: number) => number): Promise<void> {
    const [last] = await this.newest(1);
    const end = last ? last.index + last.count : 0;
    const there = new Map((await this.from(runs[0]?.index ?? 0, runs.length)).map((run) => [run.index, run]));
    const wrong = runs.find((run) => run.index < upTo(end) && !isSame(there.get(run.index), run));
    if (wrong) throw new LeafRunsChanged(wrong, there.get(wrong.index));
  }

  /** The leaf (0-based) of each of these places, in their order; undefined for one that is not known to be in the log. */
  async indexesOf(places: readonly EventPlace[]): Promise<(number | undefined)[]> {
    if (places.length === 0) return [];
    const { rows } = await this.pool.query<{ index: string | null }>({
      name: 'leaf_indexes',
      text: `select r.first_index + (p.position - r.first_position) as index
        from unnest($1::smallint[], $2::bigint[]) with ordinality as p (shard, position, ord)
        left join lateral (
          select ${columns} from billing.audit_leaf_run r where r.shard = p.shard and r.first_position <= p.position
          order by r.first_position desc limit 1) r on p.position < r.first_position + r.count
        order by p.ord`,
      values: [places.map(({ shard }) => shard), places.map(({ position }) => position)],
    });
    return rows.map(({ index }) => (index === null ? undefined : Number(index)));
  }

  /** The leaf of a position of a shard, 0-based; undefined while it is not known to be in the log. */
  async indexOf(shard: number, position: number): Promise<number | undefined> {
    return (await this.indexesOf([{ shard, position }]))[0];
  }

  /** The last position of a shard among the leaves 0 to `index`; 0 when there is none. */
  async positionAt(shard: number, index: number): Promise<number> {
    const { rows } = await this.pool.query<{ position: string }>({
      name: 'position_at_leaf',
      text: `select least(r.first_position + r.count - 1, r.first_position + ($2::bigint - r.first_index)) as position
        from billing.audit_leaf_run r where r.shard = $1 and r.first_index <= $2
        order by r.first_index desc limit 1`,
      values: [shard, index],
    });
    return Number(rows[0]?.position ?? 0);
  }

  /** The runs of the highest leaves, those that begin before leaf `before` alone, the highest first, `limit` at most. */
  async newest(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<LeafRun[]> {
    const { rows } = await this.pool.query<RunRow>({
      name: 'newest_leaf_runs',
      text: `select ${columns} from billing.audit_leaf_run r where r.first_index < $2 order by r.first_index desc limit $1`,
      values: [limit, before],
    });
    return rows.map(runFrom);
  }

  /** The last run of every shard among those that begin at leaf `index` or before it, cut off after that leaf. */
  async lastUpTo(index: number): Promise<LeafRun[]> {
    const { rows } = await this.pool.query<RunRow>({
      name: 'last_leaf_runs',
      text: `select r.first_index, r.shard, r.first_position, least(r.count, $1::bigint + 1 - r.first_index)::integer as count
        from generate_series(0, 15) as s (shard)
        cross join lateral (
          select ${columns} from billing.audit_leaf_run r where r.shard = s.shard and r.first_index <= $1
          order by r.first_index desc limit 1) r`,
      values: [index],
    });
    return rows.map(runFrom);
  }

  /** Runs that begin at leaf `index` or after it, in the log's order, `limit` at most. */
  async from(index: number, limit: number): Promise<LeafRun[]> {
    const { rows } = await this.pool.query<RunRow>({
      name: 'leaf_runs_from',
      text: `select ${columns} from billing.audit_leaf_run r where r.first_index >= $1 order by r.first_index limit $2`,
      values: [index, limit],
    });
    return rows.map(runFrom);
  }
}
