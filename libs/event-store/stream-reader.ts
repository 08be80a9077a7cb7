import type { RecordedEvent } from '#contracts';
import type { Pool } from 'pg';

import type { EventRow } from './recorded.js';
import { recordedFrom } from './recorded.js';

/** A command that was appended before. */
export interface PastCommand {
  streamId: string;
  version: number;
  fingerprint: Buffer;
}

/** What a decision needs, read in one go: a stream's events after a version, and whether the command was appended before. */
export interface Wanted {
  tenantId: string;
  shard: number;
  streamId?: string;
  afterVersion?: number;
  commandId?: string;
}

export interface Found {
  events: RecordedEvent[];
  past: PastCommand | undefined;
}

interface Waiting {
  wanted: Wanted;
  resolve: (found: Found) => void;
  reject: (error: unknown) => void;
}

interface CommandRow {
  ord: number;
  past_stream: string | null;
  past_version: number | null;
  past_fingerprint: Buffer | null;
}

/** A stream longer than this is no aggregate of ours: reading stops with an error rather than filling the memory. */
const maxEvents = 10_000;
const maxBatch = 200;

// The lateral subquery with OFFSET 0 cannot be flattened, so set_config has run before any policy looks at the setting. The LIMITs
// keep each look-up an index look-up: joined, all commands of the tenant would be scanned for a handful of ids.
const sql = `with t as materialized (select set_config('app.tenant_id', $1, true))
  select found.* from t cross join lateral (
    select w.ord::integer, c.stream_id as past_stream, c.version as past_version, c.fingerprint as past_fingerprint,
      e.shard, e.position, e.tenant_id, e.stream_id, e.version, e.event_id, e.type, e.schema_version, e.correlation_id, e.causation_id,
      e.data, e.metadata, e.recorded_at::text as recorded_at
    from unnest($3::uuid[], $4::text[], $5::integer[], $6::uuid[])
      with ordinality as w (tenant_id, stream_id, after, command_id, ord)
    left join lateral (
      select * from billing.command where command.tenant_id = w.tenant_id and command.command_id = w.command_id limit 1) c on true
    left join lateral (
      select * from billing.event
      where event.shard = $2 and event.tenant_id = w.tenant_id and event.stream_id = w.stream_id and event.version > w.after
      order by event.version limit ${maxEvents + 1}) e on true
    order by w.ord, e.version
    offset 0) found`;

/**
 * Reads streams for decisions and answers. Requests that arrive while a query is in flight share the next one, each tenant's
 * for itself: the query runs under that tenant's row-level security. `acrossTenants` is for roles with a policy of their own;
 * there the requests of a shard share one. A query is of one shard, so that Postgres opens one partition and not sixteen.
 */
export class StreamReader {
  readonly #pool: Pool;
  readonly #acrossTenants: boolean;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();

  constructor(pool: Pool, { acrossTenants = false } = {}) {
    this.#pool = pool;
    this.#acrossTenants = acrossTenants;
  }

  /** The events of a stream (all, or those after a version), oldest first; none for a stream that does not exist. */
  read(wanted: Wanted): Promise<Found> {
    const scope = this.#acrossTenants ? String(wanted.shard) : wanted.tenantId;
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(scope);
      if (queue) queue.push({ wanted, resolve, reject });
      else this.#queues.set(scope, [{ wanted, resolve, reject }]);
      queueMicrotask(() => this.#dispatch(scope));
    });
  }

  #dispatch(scope: string): void {
    const queue = this.#queues.get(scope);
    if (!queue || this.#busy.has(scope)) return;
    this.#queues.delete(scope);
    this.#busy.add(scope);
    const batches = Array.from({ length: Math.ceil(queue.length / maxBatch) }, (_, at) =>
      queue.slice(at * maxBatch, (at + 1) * maxBatch),
    );
    void Promise.all(batches.map((batch) => this.#query(scope, batch))).finally(() => {
      this.#busy.delete(scope);
      this.#dispatch(scope);
    });
  }

  async #query(scope: string, batch: Waiting[]): Promise<void> {
    try {
      const wanted = batch.map((waiting) => waiting.wanted);
      const { rows } = await this.#pool.query<CommandRow & EventRow>({
        name: 'read_streams',
        text: sql,
        values: [
          this.#acrossTenants ? '' : scope,
          batch[0]?.wanted.shard,
          wanted.map((w) => w.tenantId),
          wanted.map((w) => w.streamId ?? null),
          wanted.map((w) => w.afterVersion ?? 0),
          wanted.map((w) => w.commandId ?? null),
        ],
      });
      const rowsOf = wanted.map((): (CommandRow & EventRow)[] => []);
      for (const row of rows) rowsOf[row.ord - 1]?.push(row);
      batch.forEach((waiting, at) => {
        settle(waiting, rowsOf[at] ?? []);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }
}

/** Decodes for one reader; an event it cannot read is its trouble alone, not its neighbours'. */
const settle = (waiting: Waiting, rows: (CommandRow & EventRow)[]): void => {
  try {
    if (rows.length > maxEvents) throw new Error(`stream ${waiting.wanted.streamId} has more than ${maxEvents} events`);
    const first = rows[0];
    const past =
      first && first.past_stream !== null
        ? {
            streamId: first.past_stream,
            version: Number(first.past_version),
            fingerprint: first.past_fingerprint as Buffer,
          }
        : undefined;
    const events = rows.filter((row) => (row.type as string | null) !== null).map((row) => recordedFrom(row));
    waiting.resolve({ events, past });
  } catch (error) {
    waiting.reject(error);
  }
};
