import type { EventRow } from '#event-store';
import { eventColumns } from '#event-store';
import type { Pool } from 'pg';

import type { ReplayExtent, ReplayPage, ReplayQuery, ReplaySource } from './source.js';
import { ReplayFailed, shardsOf, spanOf, timeSlackMs } from './source.js';

/** Positions of a page: what is held in memory, twice, because the next page is read while one is written. */
const pageSize = 5_000;
/** The same where only some of them are wanted. */
const filteredPageSize = 20_000;

interface Span {
  shard: number;
  after: number;
  upTo: number;
}

/** Reads the event table in pages by its primary key, as billing_analyst. */
export class PostgresSource implements ReplaySource {
  readonly #pool: Pool;
  #query: ReplayQuery = {};
  #spans: Span[] = [];

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Throws ReplayFailed for a tenant that does not exist. */
  async open(query: ReplayQuery, done: ReadonlyMap<number, number>): Promise<ReplayExtent> {
    this.#query = query;
    const heads = await this.#heads();
    const ofTenant = query.tenantId === undefined ? undefined : await this.#shardOf(query.tenantId);
    for (const shard of shardsOf(query)) {
      if (ofTenant !== undefined && shard !== ofTenant) continue;
      const { after, upTo } = spanOf(query, shard, done);
      const span = await this.#withinTimes({ shard, after, upTo: Math.min(upTo, heads.get(shard) ?? 0) });
      if (span.after < span.upTo) this.#spans.push(span);
    }
    return { total: this.#spans.reduce((sum, { after, upTo }) => sum + upTo - after, 0) };
  }

  async *pages(signal: AbortSignal): AsyncGenerator<ReplayPage> {
    for (const span of this.#spans) {
      if (signal.aborted) return;
      let next: Promise<ReplayPage> | undefined = this.#page(span);
      while (next !== undefined && !signal.aborted) {
        const page: ReplayPage = await next;
        next = page.upTo < span.upTo ? this.#page({ ...span, after: page.upTo }) : undefined;
        next?.catch(() => undefined); // thrown where it is awaited, unless nobody reads on
        yield page;
      }
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #page({ shard, after, upTo }: Span): Promise<ReplayPage> {
    const { types, tenantId, streamId, from, to } = this.#query;
    const isFiltered = tenantId !== undefined || streamId !== undefined || types !== undefined;
    const size = isFiltered ? filteredPageSize : pageSize;
    // A stream of a known tenant is found by its index, however far apart its events lie.
    const within = tenantId !== undefined && streamId !== undefined ? upTo : Math.min(after + size, upTo);
    const values: unknown[] = [shard, after, within];
    const and = (condition: string, value: unknown): string =>
      value === undefined ? '' : ` and ${condition} $${values.push(value)}`;
    const where =
      and('tenant_id =', tenantId) +
      and('stream_id =', streamId) +
      (types ? ` and type = any ($${values.push(types)})` : '') +
      and('recorded_at >=', from?.kind === 'time' ? timeOf(from.micros) : undefined) +
      and('recorded_at <', to?.kind === 'time' ? timeOf(to.micros) : undefined);
    const { rows } = await this.#pool.query<EventRow>({
      // eslint-disable-next-line billing/no-built-sql -- conditions are fixed text; what was asked for goes into values
      text: `select ${eventColumns} from billing.event where shard = $1 and position > $2 and position <= $3${where} order by position`,
      values,
    });
    return { shard, rows, upTo: within };
  }

  async #heads(): Promise<Map<number, number>> {
    const { rows } = await this.#pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    return new Map(rows.map(({ shard, position }) => [shard, Number(position)]));
  }

  async #shardOf(tenantId: string): Promise<number> {
    const { rows } = await this.#pool.query<{ shard: number }>('select shard from billing.tenant where id = $1', [
      tenantId,
    ]);
    if (!rows[0]) throw new ReplayFailed(`there is no tenant ${tenantId}`);
    return rows[0].shard;
  }

  /** Leaves out what lies well before and well after the times asked for, found by halving. */
  async #withinTimes({ shard, after, upTo }: Span): Promise<Span> {
    const { from, to } = this.#query;
    const bound = (micros: bigint, slackMs: number) =>
      this.#firstAt({ shard, after, upTo }, timeOf(micros + BigInt(slackMs) * 1_000n));
    return {
      shard,
      after: from?.kind === 'time' ? (await bound(from.micros, -timeSlackMs)) - 1 : after,
      upTo: to?.kind === 'time' ? (await bound(to.micros, timeSlackMs)) - 1 : upTo,
    };
  }

  /** The first position above `after` that was recorded at or after a time; `upTo + 1` when none was. */
  async #firstAt({ shard, after, upTo }: Span, time: string): Promise<number> {
    let [low, high] = [after + 1, upTo + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      // Of a position whose event was removed, the next one that is there tells.
      const { rows } = await this.#pool.query<{ position: string; later: boolean }>({
        name: 'recorded_later',
        text: `select position, recorded_at >= $3 as later from billing.event
          where shard = $1 and position between $2 and $4 order by position limit 1`,
        values: [shard, middle, time, high - 1],
      });
      if (rows[0]?.later === false) low = Number(rows[0].position) + 1;
      else high = middle;
    }
    return low;
  }
}

/** A time as Postgres reads it, to the microsecond. */
const timeOf = (micros: bigint): string => {
  const [whole, part] = [micros / 1_000_000n, micros % 1_000_000n];
  const seconds = part < 0n ? whole - 1n : whole;
  const fraction = String(part < 0n ? part + 1_000_000n : part).padStart(6, '0');
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${fraction}Z`;
};
