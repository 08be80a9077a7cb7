import type { EventRow } from '#event-store';
import { eventColumns } from '#event-store';
import { scrubCardNumbers } from '#platform/logging';
import type { Pool, PoolClient } from 'pg';

import { DeadLetterSettled } from './failures.js';

/** A stream that waits behind an event its consumer could not digest. */
export interface BlockedStream {
  shard: number;
  tenant_id: string;
  stream_id: string;
}

/** An event that was set aside and may be tried now. */
export interface DeadLetter {
  row: EventRow;
  /** How often it has been tried so far. */
  tries: number;
}

type LetterRow = EventRow & { reason: 'poison' | 'blocked'; tries: number; requested: boolean };

const keyOf = ({ tenant_id, stream_id }: Pick<EventRow, 'tenant_id' | 'stream_id'>): string =>
  `${tenant_id}/${stream_id}`;

/** What a failed handler said, short enough for a table that people read. */
const saidBy = (error: unknown): string =>
  scrubCardNumbers(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000);

/**
 * The streams a consumer has given up on. A poison event blocks only its own stream: the later events of that stream are set
 * aside behind it, in order, and everything else goes on. A letter that an operator has discarded stays as a record of what was
 * never digested, and blocks nothing.
 */
export class DeadLetters {
  readonly #consumer: string;
  readonly #blocked = new Map<string, BlockedStream>();

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  async load(pool: Pool): Promise<void> {
    const { rows } = await pool.query<BlockedStream>(
      `select distinct shard, tenant_id, stream_id from billing.dead_letter where consumer = $1 and discarded_at is null`,
      [this.#consumer],
    );
    this.#blocked.clear();
    for (const row of rows) this.block(row);
  }

  isBlocked(row: EventRow): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(keyOf(row));
  }

  block({ shard, tenant_id, stream_id }: BlockedStream): void {
    this.#blocked.set(keyOf({ tenant_id, stream_id }), { shard, tenant_id, stream_id });
  }

  unblock(stream: BlockedStream): void {
    this.#blocked.delete(keyOf(stream));
  }

  get anyBlocked(): boolean {
    return this.#blocked.size > 0;
  }

  /** Sets a poison event aside; its stream is blocked once the transaction of `client` has committed and `block` was called. */
  async addPoison(client: PoolClient, row: EventRow, error: unknown, tries: number): Promise<void> {
    await this.#insert(client, [row], 'poison', saidBy(error), tries);
  }

  async addBlocked(client: PoolClient, rows: readonly EventRow[]): Promise<void> {
    await this.#insert(client, rows, 'blocked', null, 0);
  }

  /** Blocked streams of `shards` that may go on: nothing lies before them, or an operator has asked for a retry of what does. */
  async released(pool: Pool, shards: readonly number[]): Promise<BlockedStream[]> {
    const streams = [...this.#blocked.values()].filter(({ shard }) => shards.includes(shard));
    if (streams.length === 0) return [];
    const { rows } = await pool.query<{ tenant_id: string; stream_id: string }>({
      name: 'released_streams',
      text: `select s.tenant_id, s.stream_id from unnest($2::uuid[], $3::text[]) as s (tenant_id, stream_id)
        left join lateral (
          select reason, retry_requested_at from billing.dead_letter d
          where d.consumer = $1 and d.tenant_id = s.tenant_id and d.stream_id = s.stream_id and d.discarded_at is null
          order by d.position limit 1) first on true
        where first.reason is distinct from 'poison' or first.retry_requested_at is not null`,
      values: [this.#consumer, streams.map((each) => each.tenant_id), streams.map((each) => each.stream_id)],
    });
    const found = new Set(rows.map(keyOf));
    return streams.filter((stream) => found.has(keyOf(stream)));
  }

  /**
   * The letters of a stream that may be tried now, `limit` at most, in order, up to one that nobody has asked for; and whether
   * the stream is free once they are digested.
   */
  async triable(
    pool: Pool,
    { tenant_id, stream_id }: BlockedStream,
    limit: number,
  ): Promise<{ letters: DeadLetter[]; last: boolean }> {
    const { rows } = await pool.query<LetterRow>({
      name: 'triable_letters',
      text: `select e.*, d.reason, d.tries, d.retry_requested_at is not null as requested from billing.dead_letter d
        cross join lateral (
          select ${eventColumns} from billing.event where event.shard = d.shard and event.position = d.position offset 0) e
        where d.consumer = $1 and d.tenant_id = $2 and d.stream_id = $3 and d.discarded_at is null
        order by d.position limit $4`,
      values: [this.#consumer, tenant_id, stream_id, limit],
    });
    const unasked = rows.findIndex(({ reason, requested }) => reason === 'poison' && !requested);
    const letters = (unasked < 0 ? rows : rows.slice(0, unasked)).map((row) => ({ row, tries: row.tries }));
    return { letters, last: unasked < 0 && rows.length < limit };
  }

  /** Takes a letter out that has been digested. Throws DeadLetterSettled. */
  async remove(client: PoolClient, row: EventRow): Promise<void> {
    const { rowCount } = await client.query(
      'delete from billing.dead_letter where consumer = $1 and shard = $2 and position = $3 and discarded_at is null',
      [this.#consumer, row.shard, row.position],
    );
    if (rowCount !== 1) throw new DeadLetterSettled(this.#consumer, row.shard, row.position);
  }

  /** Puts a letter back that has failed again, or for the first time now that it was its turn. Throws DeadLetterSettled. */
  async putBack(client: PoolClient, row: EventRow, error: unknown, tries: number): Promise<void> {
    const { rowCount } = await client.query(
      `update billing.dead_letter set reason = 'poison', error = $4, tries = $5, retry_requested_at = null
       where consumer = $1 and shard = $2 and position = $3 and discarded_at is null`,
      [this.#consumer, row.shard, row.position, saidBy(error), tries],
    );
    if (rowCount !== 1) throw new DeadLetterSettled(this.#consumer, row.shard, row.position);
  }

  async #insert(
    client: PoolClient,
    rows: readonly EventRow[],
    reason: 'poison' | 'blocked',
    error: string | null,
    tries: number,
  ): Promise<void> {
    await client.query(
      `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason, error, tries)
       select $1, e.*, $8, $9, $10 from unnest($2::smallint[], $3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::text[]) as e
       on conflict (consumer, shard, position) do nothing`,
      [
        this.#consumer,
        rows.map((row) => row.shard),
        rows.map((row) => row.position),
        rows.map((row) => row.tenant_id),
        rows.map((row) => row.stream_id),
        rows.map((row) => row.event_id),
        rows.map((row) => row.type),
        reason,
        error,
        tries,
      ],
    );
  }
}
