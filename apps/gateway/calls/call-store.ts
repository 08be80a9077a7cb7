import { MicroBatch } from '#platform/database';
import type { Pool, PoolClient } from 'pg';

import type { Call, CallRequest, TakenCall } from './call.js';
import { keyChanged, operationOf } from './call.js';

interface CallRow {
  tenant_id: string;
  call_id: string;
  shard: number;
  stream_id: string;
  request: CallRequest;
  idempotency_key: string;
  correlation_id: string;
  traceparent: string | null;
  state: 'sent' | 'unknown';
  first_sent_at: Date;
  tries: number;
  faults: number;
  token_replaced: boolean;
  created_at: Date;
  last_error: string | null;
}

/** A call as it is first stored: waiting, or in the hands of this process at once. */
export interface NewCall {
  call: Call;
  state: 'queued' | 'sent';
  notBefore: Date;
  /** Whose hands it is in, where it is sent at once. */
  owner?: number;
}

/** How a call is put back. */
export interface Postponement {
  state: 'queued' | 'unknown' | 'parked';
  notBefore: Date;
  /** A code, never a message. */
  error: string;
  /** Nothing has ever been sent: the processor's memory of the key has not begun. */
  neverSent?: boolean;
  /** It was our own code that failed. */
  fault?: boolean;
}

const insertSql = `insert into billing.processor_call (tenant_id, call_id, shard, stream_id, operation, request, idempotency_key,
    correlation_id, traceparent, state, first_sent_at, tries, not_before, owner, created_at)
  select n.tenant_id, n.call_id, n.shard, n.stream_id, n.operation, n.request, n.idempotency_key, n.correlation_id, n.traceparent, n.state,
    case n.state when 'sent' then $12::timestamptz end, case n.state when 'sent' then 1 else 0 end, n.not_before, n.owner, $12::timestamptz
  from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::uuid[], $9::text[], $10::text[],
    $11::timestamptz[], $13::integer[]) as n (tenant_id, call_id, shard, stream_id, operation, request, idempotency_key, correlation_id, traceparent,
    state, not_before, owner)
  on conflict do nothing`;

// A call that was being sent when its lease ran out may have been executed: from then on it is unknown.
const takeSql = `with due as (
    select tenant_id, call_id, last_error from billing.processor_call
    where state <> 'parked' and not_before <= $1 and call_id <> all ($5::uuid[]) order by not_before limit $2 for update skip locked)
  update billing.processor_call c
  set state = case c.state when 'queued' then 'sent' else 'unknown' end, first_sent_at = coalesce(c.first_sent_at, $1),
    tries = c.tries + 1, not_before = $3, owner = $4, last_error = nullif(c.last_error, '${keyChanged}')
  from due where c.tenant_id = due.tenant_id and c.call_id = due.call_id
  returning c.tenant_id, c.call_id, c.shard, c.stream_id, c.request, c.idempotency_key, c.correlation_id, c.traceparent, c.state,
    c.first_sent_at, c.tries, c.faults, c.token_replaced, c.created_at, due.last_error`;

// `tries` fences: whoever was overtaken must not put back what another process is sending.
const postponeSql = `update billing.processor_call
  set state = $4, not_before = $5, owner = null, last_error = $6, first_sent_at = case when $7 then null else first_sent_at end,
    faults = faults + case when $8 then 1 else 0 end
  where tenant_id = $1 and call_id = $2 and tries = $3`;

// Nobody waits for the disk: a removal that a crash undoes leaves a call whose outcome is in the log, and it is removed again.
const deleteSql = `with lax as materialized (select set_config('synchronous_commit', 'off', true))
  delete from billing.processor_call c using lax, unnest($1::uuid[], $2::uuid[]) as d (tenant_id, call_id)
  where c.tenant_id = d.tenant_id and c.call_id = d.call_id`;

const countSql = `select state, count(*)::integer as calls, min(first_sent_at) as oldest from billing.processor_call group by state`;

/** Stores calls, in a transaction of the caller or on their own. A call that is there already stays as it is. */
export const insertCalls = async (client: Pool | PoolClient, calls: readonly NewCall[], now: Date): Promise<void> => {
  await client.query({
    name: 'insert_calls',
    text: insertSql,
    values: [
      calls.map(({ call }) => call.tenantId),
      calls.map(({ call }) => call.callId),
      calls.map(({ call }) => call.shard),
      calls.map(({ call }) => call.streamId),
      calls.map(({ call }) => operationOf(call)),
      calls.map(({ call }) => JSON.stringify(call.request)),
      calls.map(({ call }) => call.idempotencyKey),
      calls.map(({ call }) => call.correlationId),
      calls.map(({ call }) => call.traceparent ?? null),
      calls.map(({ state }) => state),
      calls.map(({ notBefore }) => notBefore),
      now,
      calls.map(({ owner }) => owner ?? null),
    ],
  });
};

/** Nobody waits for the removal of a call but its place in hand. */
const finishGatherMs = 10;

/** The table of unfinished calls. */
export class CallStore {
  readonly #pool: Pool;
  readonly #finishing: MicroBatch<{ call: Call; next: readonly NewCall[]; now: Date }, undefined>;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#finishing = new MicroBatch((finished) => this.#finish(finished), finishGatherMs);
  }

  /**
   * Takes calls that are due, `limit` at most, for `owner` until `leaseUntil`. Two processes never take the same one. None of
   * `inHand`: where the lease of a call ran out under its hands, the process leaves it to others.
   */
  async take(
    now: Date,
    limit: number,
    leaseUntil: Date,
    owner: number,
    inHand: readonly string[] = [],
  ): Promise<TakenCall[]> {
    const { rows } = await this.#pool.query<CallRow>({
      name: 'take_calls',
      text: takeSql,
      values: [now, limit, leaseUntil, owner, inHand],
    });
    return rows.map((row) => takenFrom(row, leaseUntil));
  }

  /** Removes a call whose outcome is in the log, and stores those that follow from it. */
  async finish(call: Call, now: Date, next: readonly NewCall[]): Promise<void> {
    await this.#finishing.ask({ call, next, now });
  }

  /** Puts a call back, unless another process has taken it since. */
  async postpone(call: TakenCall, { state, notBefore, error, neverSent, fault }: Postponement): Promise<void> {
    await this.#pool.query({
      name: 'postpone_call',
      text: postponeSql,
      values: [call.tenantId, call.callId, call.tries, state, notBefore, error, neverSent ?? false, fault ?? false],
    });
  }

  /** How many calls there are in each state, and when the oldest of them was first sent. */
  async count(): Promise<{ state: string; calls: number; oldest: Date | null }[]> {
    const { rows } = await this.#pool.query<{ state: string; calls: number; oldest: Date | null }>(countSql);
    return rows;
  }

  async #finish(finished: readonly { call: Call; next: readonly NewCall[]; now: Date }[]): Promise<undefined[]> {
    const next = finished.flatMap((each) => each.next);
    // Followers first: a crash in between repeats the call, and its follower is there already.
    if (next.length > 0) await insertCalls(this.#pool, next, finished[0]?.now ?? new Date());
    await this.#pool.query({
      name: 'finish_calls',
      text: deleteSql,
      values: [finished.map(({ call }) => call.tenantId), finished.map(({ call }) => call.callId)],
    });
    return finished.map(() => undefined);
  }
}

const takenFrom = (row: CallRow, leaseUntil: Date): TakenCall => ({
  leaseUntil,
  tenantId: row.tenant_id,
  callId: row.call_id,
  shard: row.shard,
  streamId: row.stream_id,
  request: row.request,
  idempotencyKey: row.idempotency_key,
  correlationId: row.correlation_id,
  traceparent: row.traceparent ?? undefined,
  createdAt: row.created_at,
  firstSentAt: row.first_sent_at,
  tries: row.tries,
  faults: row.faults,
  unknown: row.state === 'unknown',
  tokenReplaced: row.token_replaced,
  waitedForKey: row.last_error === keyChanged,
});
