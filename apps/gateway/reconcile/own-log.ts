import type { Pool } from 'pg';

import type { Window } from './slices.js';

/** What an event of ours says of the processor's objects, as far as a comparison asks. */
export interface TouchedStream {
  position: number;
  tenantId: string;
  streamId: string;
}

/** Events looked at by one query. */
const pageSize = 2_000;

const headSql = 'select position from billing.log_head where shard = $1';
const timeSql = 'select recorded_at from billing.event where shard = $1 and position = $2';

// The page is cut by position, so that a stretch of the log without payments ends the query as well.
const pageSql = `select max(e.position) as position, e.tenant_id, e.stream_id from billing.event e
  where e.shard = $1 and e.position > $2 and e.position <= $2 + ${pageSize} and e.recorded_at <= $3
    and (e.stream_id like 'payment-%' or e.stream_id like 'payout-%')
  group by e.tenant_id, e.stream_id order by 1`;

/** The last position before `time`, by halving: positions are in the order of commits, and so, but for moments, of time. */
const positionBefore = async (pool: Pool, shard: number, head: number, time: Date): Promise<number> => {
  let [low, high] = [0, head];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { rows } = await pool.query<{ recorded_at: Date }>(timeSql, [shard, middle]);
    if (rows[0] && rows[0].recorded_at < time) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** How much earlier than its neighbour in the log an event can have been stamped: a transaction's time is that of its beginning. */
const skewMs = 60_000;

/**
 * The streams of payments and payouts that a shard's log mentions within the window, page by page, each page once a stream; from
 * after position `within` on, where an earlier try came so far. Read from the log itself: no read model has to keep up.
 */
export async function* touchedStreams(
  pool: Pool,
  shard: number,
  window: Window,
  within: string | undefined,
): AsyncGenerator<{ streams: TouchedStream[]; upTo: number }, void, undefined> {
  const heads = await pool.query<{ position: string }>(headSql, [shard]);
  const head = Number(heads.rows[0]?.position ?? 0);
  const begin = new Date(window.from.getTime() - skewMs);
  let after = within === undefined ? await positionBefore(pool, shard, head, begin) : Number(within);
  while (after < head) {
    const { rows } = await pool.query<{ position: string; tenant_id: string; stream_id: string }>(pageSql, [
      shard,
      after,
      new Date(window.to.getTime() + skewMs),
    ]);
    after = Math.min(after + pageSize, head);
    const streams = rows.map((row) => ({
      position: Number(row.position),
      tenantId: row.tenant_id,
      streamId: row.stream_id,
    }));
    yield { streams, upTo: after };
  }
}
