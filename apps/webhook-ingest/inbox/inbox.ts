import { isTransient } from '#event-store';
import { MicroBatch } from '#platform/database';
import type { Pool } from 'pg';

import type { Ending, EventName, NewEvent, Postponement, Stored, TakenEvent } from './webhook-event.js';

/** What the table takes; a reason may end with what an event says. */
const maxReason = 200;

interface EventRow {
  processor: string;
  event_id: string;
  source: TakenEvent['source'];
  account: string | null;
  type: string;
  api_version: string | null;
  livemode: boolean;
  created_at: Date;
  received_at: Date;
  sealed: string;
  state: TakenEvent['state'];
  reason: string | null;
  tries: number;
  waits_since: Date;
  looks: number;
  faults: number;
}

// Of one event in many copies one is stored, whoever brings them: the others find it there.
const storeSql = `insert into billing.webhook_events (processor, event_id, account, type, api_version, livemode, created_at, received_at, sealed,
    body_hash, state, reason, not_before)
  select n.processor, n.event_id, n.account, n.type, n.api_version, n.livemode, n.created_at, n.received_at, n.sealed, n.body_hash,
    case when n.ignored is null then 'received' else 'ignored' end, n.ignored, n.received_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[], $8::timestamptz[], $9::text[],
    $10::bytea[], $11::text[]) as n (processor, event_id, account, type, api_version, livemode, created_at, received_at, sealed, body_hash, ignored)
  on conflict do nothing
  returning processor, event_id`;

// A statement of its own, and so with a snapshot that sees what the other copy committed.
const contentSql = `select e.processor, e.event_id, e.source, e.body_hash
  from unnest($1::text[], $2::text[]) as n (processor, event_id) join billing.webhook_events e using (processor, event_id)`;

// What is new comes first: however many wait for objects that nobody may ever know, they get half of the room at most.
const takeSql = `with fresh as (
    select processor, event_id from billing.webhook_events
    where state = 'received' and not_before <= $1 and event_id <> all ($5::text[])
    order by not_before limit $2 for update skip locked),
  late as (
    select processor, event_id from billing.webhook_events
    where state = 'waiting' and not_before <= $1 and event_id <> all ($5::text[])
    order by not_before limit (select least(($2::integer + 1) / 2, $2::integer - count(*)) from fresh) for update skip locked),
  due as (select * from fresh union all select * from late)
  update billing.webhook_events e set tries = e.tries + 1, not_before = $3, owner = $4
  from due where e.processor = due.processor and e.event_id = due.event_id
  returning e.processor, e.event_id, e.source, e.account, e.type, e.api_version, e.livemode, e.created_at, e.received_at, e.sealed, e.state,
    e.reason, e.tries, greatest(e.received_at, e.replayed_at) as waits_since, e.looks, e.faults`;

// `tries` fences: whoever was overtaken must not end what another process has in hand.
const finishSql = `update billing.webhook_events e
  set state = n.state, outcome = n.outcome, reason = n.reason, tenant_id = coalesce(n.tenant_id, e.tenant_id), owner = null,
    applied_at = case n.state when 'applied' then n.at end
  from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[])
    as n (processor, event_id, tries, state, outcome, reason, tenant_id, at)
  where e.processor = n.processor and e.event_id = n.event_id and e.tries = n.tries and e.state in ('received', 'waiting')
  returning e.processor, e.event_id`;

const postponeSql = `update billing.webhook_events
  set state = $4, not_before = $5, reason = $6, faults = faults + case when $7 then 1 else 0 end,
    looks = looks + case when $8 then 1 else 0 end, owner = null
  where processor = $1 and event_id = $2 and tries = $3 and state in ('received', 'waiting')`;

// Materialized: as the inner side of a loop it would be run again for each event, and give others that are not locked yet.
const purgeSql = `with old as materialized (
    select processor, event_id from billing.webhook_events
    where state in ('applied', 'ignored') and received_at < $1 limit $2 for update skip locked)
  delete from billing.webhook_events e using old where e.processor = old.processor and e.event_id = old.event_id`;

// Only what is not done with, by the indexes: the others are many.
const countSql = `select state, count(*)::integer as events, min(received_at) as oldest from billing.webhook_events
  where state in ('received', 'waiting', 'quarantined', 'failed') group by state`;

/** How many events are in a state in which they are not done with, and when the oldest of them was received. */
export interface Unfinished {
  state: 'received' | 'waiting' | 'quarantined' | 'failed';
  events: number;
  oldest: Date;
}

/** Nobody waits for the end of an event but its place in hand. */
const finishGatherMs = 10;

/** The table of the processor's events: the first half stores them, the second half takes them and says what became of them. */
export class Inbox {
  readonly #pool: Pool;
  readonly #stores: MicroBatch<NewEvent, Stored>;
  readonly #finishes: MicroBatch<{ taken: TakenEvent; ending: Ending }, boolean>;
  readonly #listeners = new Set<() => void>();

  /** `pool` logs in as billing_webhook_ingest. */
  constructor(pool: Pool) {
    this.#pool = pool;
    this.#stores = new MicroBatch((events) => this.#store(events));
    this.#finishes = new MicroBatch((finished) => this.#finish(finished), finishGatherMs);
  }

  /** Stores an event unless it is there already; resolves once it is durable. Copies that come at once share a statement. */
  async store(event: NewEvent): Promise<Stored> {
    const stored = await this.#stores.ask(event);
    if (stored === 'stored' && event.ignored === undefined) for (const wake of this.#listeners) wake();
    return stored;
  }

  /** Calls `wake` after each event that this process has stored to be applied; gives what ends that. Others are found by looking. */
  onStored(wake: () => void): () => void {
    this.#listeners.add(wake);
    return () => this.#listeners.delete(wake);
  }

  /**
   * Takes events that are due, `limit` at most, for `owner` until `leaseUntil`. Two processes never take the same one. None of
   * `inHand`, which are event ids: where the lease of an event ran out under its hands, the process leaves it to others.
   */
  async take(
    now: Date,
    limit: number,
    leaseUntil: Date,
    owner: number,
    inHand: readonly string[] = [],
  ): Promise<TakenEvent[]> {
    const values = [now, limit, leaseUntil, owner, inHand];
    const { rows } = await this.#pool.query<EventRow>({ name: 'take_webhook_events', text: takeSql, values });
    return rows.map((row) => takenFrom(row, leaseUntil)).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }

  /** Says what became of an event. False, and nothing changed, where another process has taken it since. */
  async finish(taken: TakenEvent, ending: Ending): Promise<boolean> {
    try {
      return await this.#finishes.ask({ taken, ending });
    } catch (error) {
      if (isTransient(error)) throw error;
      // One of those that shared the statement cannot be written: the others must not suffer from it.
      return (await this.#finish([{ taken, ending }]))[0] === true;
    }
  }

  /** Puts an event back. False, and nothing changed, where another process has taken it since. */
  async postpone(taken: TakenEvent, postponement: Postponement): Promise<boolean> {
    const { processor, eventId, tries } = taken;
    const { state, notBefore, reason, fault = false, lookedInVain = false } = postponement;
    const { rowCount } = await this.#pool.query({
      name: 'postpone_webhook_event',
      text: postponeSql,
      values: [processor, eventId, tries, state, notBefore, reason.slice(0, maxReason), fault, lookedInVain],
    });
    return rowCount === 1;
  }

  /** Removes events that are done with and were received before then, `limit` at most; gives how many. */
  async purge(receivedBefore: Date, limit: number): Promise<number> {
    const { rowCount } = await this.#pool.query(purgeSql, [receivedBefore, limit]);
    return rowCount ?? 0;
  }

  async count(): Promise<Unfinished[]> {
    const { rows } = await this.#pool.query<Unfinished>(countSql);
    return rows;
  }

  async #store(events: readonly NewEvent[]): Promise<Stored[]> {
    const firsts = [...new Map(events.toReversed().map((event) => [keyOf(event), event])).values()].sort(byKey);
    const { rows } = await this.#pool.query<{ processor: string; event_id: string }>({
      name: 'store_webhook_events',
      text: storeSql,
      values: [
        firsts.map(({ processor }) => processor),
        firsts.map(({ eventId }) => eventId),
        firsts.map(({ account }) => account ?? null),
        firsts.map(({ type }) => type),
        firsts.map(({ apiVersion }) => apiVersion ?? null),
        firsts.map(({ livemode }) => livemode),
        firsts.map(({ createdAt }) => createdAt),
        firsts.map(({ receivedAt }) => receivedAt),
        firsts.map(({ sealed }) => sealed),
        firsts.map(({ bodyHash }) => bodyHash),
        firsts.map(({ ignored }) => ignored ?? null),
      ],
    });
    const inserted = new Set(rows.map((row) => keyOf(nameOf(row))));
    const isNew = new Set(firsts.filter((event) => inserted.has(keyOf(event))));
    const others = events.filter((event) => !isNew.has(event));
    const different = others.length > 0 ? await this.#withOtherContent(others) : new Set<NewEvent>();
    return events.map((event) => (isNew.has(event) ? 'stored' : different.has(event) ? 'conflict' : 'duplicate'));
  }

  /** Those of `events` that were delivered before with another content. */
  async #withOtherContent(events: readonly NewEvent[]): Promise<Set<NewEvent>> {
    const { rows } = await this.#pool.query<
      Pick<EventRow, 'processor' | 'event_id' | 'source'> & { body_hash: Buffer }
    >({
      name: 'webhook_event_contents',
      text: contentSql,
      values: [events.map(({ processor }) => processor), events.map(({ eventId }) => eventId)],
    });
    const standing = new Map(rows.map((row) => [keyOf(nameOf(row)), row]));
    return new Set(
      events.filter((event) => {
        const row = standing.get(keyOf(event));
        return row?.source === 'delivered' && !row.body_hash.equals(event.bodyHash);
      }),
    );
  }

  async #finish(finished: readonly { taken: TakenEvent; ending: Ending }[]): Promise<boolean[]> {
    const { rows } = await this.#pool.query<{ processor: string; event_id: string }>({
      name: 'finish_webhook_events',
      text: finishSql,
      values: [
        finished.map(({ taken }) => taken.processor),
        finished.map(({ taken }) => taken.eventId),
        finished.map(({ taken }) => taken.tries),
        finished.map(({ ending }) => ending.state),
        finished.map(({ ending }) => (ending.state === 'applied' ? ending.outcome : null)),
        finished.map(({ ending }) => ending.reason?.slice(0, maxReason) ?? null),
        finished.map(({ ending }) => ending.tenantId ?? null),
        finished.map(({ ending }) => ending.at),
      ],
    });
    const done = new Set(rows.map((row) => keyOf(nameOf(row))));
    return finished.map(({ taken }) => done.has(keyOf(taken)));
  }
}

const keyOf = ({ processor, eventId }: EventName): string => `${processor}/${eventId}`;

/** Processes that store the same events at once, each in an order of its own, would wait for one another for ever. */
const byKey = (one: EventName, other: EventName): number => (keyOf(one) < keyOf(other) ? -1 : 1);

const nameOf = (row: { processor: string; event_id: string }): EventName => ({
  processor: row.processor,
  eventId: row.event_id,
});

const takenFrom = (row: EventRow, leaseUntil: Date): TakenEvent => ({
  processor: row.processor,
  eventId: row.event_id,
  source: row.source,
  account: row.account ?? undefined,
  type: row.type,
  apiVersion: row.api_version ?? undefined,
  livemode: row.livemode,
  createdAt: row.created_at,
  receivedAt: row.received_at,
  sealed: row.sealed,
  state: row.state,
  reason: row.reason ?? undefined,
  tries: row.tries,
  waitsSince: row.waits_since,
  looks: row.looks,
  faults: row.faults,
  leaseUntil,
});
