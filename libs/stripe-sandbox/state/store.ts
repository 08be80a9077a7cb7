/**
 * The sandbox's books, in SQLite. Objects are rows `(id, body)` in id order, which is the order of creation; `link` finds
 * what belongs to another object. WAL with synchronous=NORMAL: what is committed survives the death of the process.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DeliveryQueue } from './delivery-queue.js';
import type { EventRecord, Kind, RecordOf, WebhookEndpointRecord } from './records.js';
import { prefixes } from './records.js';
import { upgrade } from './schema.js';
import { wantsEvent } from './event-types.js';

const prepare = (db: DatabaseSync) => ({
  begin: db.prepare('begin immediate'),
  commit: db.prepare('commit'),
  rollback: db.prepare('rollback'),
  read: db.prepare('select body from object where id = ?'),
  write: db.prepare('insert into object values (?, ?) on conflict (id) do update set body = excluded.body'),
  link: db.prepare('insert or ignore into link values (?, ?)'),
  unlink: db.prepare('delete from link where owner = ? and id = ?'),
  addEvent: db.prepare('insert into event values (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  event: db.prepare('select * from event where id = ?'),
  newest: db.prepare('select body from object where id > ? and id < ? order by id desc'),
  oldest: db.prepare('select body from object where id > ? and id < ? order by id'),
  newestOf: db.prepare(
    'select o.body from link l join object o on o.id = l.id where l.owner = ? and l.id > ? and l.id < ? order by l.id desc',
  ),
  oldestOf: db.prepare(
    'select o.body from link l join object o on o.id = l.id where l.owner = ? and l.id > ? and l.id < ? order by l.id',
  ),
  newestEvents: db.prepare('select * from event where id > ? and id < ? order by id desc'),
  oldestEvents: db.prepare('select * from event where id > ? and id < ? order by id'),
  newestEventsOf: db.prepare('select * from event where type = ? and id > ? and id < ? order by id desc'),
  oldestEventsOf: db.prepare('select * from event where type = ? and id > ? and id < ? order by id'),
  answer: db.prepare('select fingerprint, request_id, status, body from answer where key = ?'),
  addAnswer: db.prepare(
    'insert into answer (key, at, fingerprint, request_id, status, body) values (?, ?, ?, ?, ?, ?)',
  ),
  dropAnswers: db.prepare('delete from answer where id in (select id from answer order by id limit ?) and at < ?'),
  addDue: db.prepare('insert or ignore into due values (?, ?)'),
  dropDue: db.prepare('delete from due where at_ms = ? and id = ?'),
  due: db.prepare('select at_ms, id from due where at_ms <= ? order by at_ms, id limit ?'),
  nextDue: db.prepare('select min(at_ms) as at_ms from due'),
  post: db.prepare(
    'insert into balance values (?, ?, ?, ?, ?) on conflict (account, currency, available_on, source_type) do update set amount = amount + excluded.amount',
  ),
  mature: db.prepare(
    'select currency, source_type, sum(amount) as amount from balance ' +
      'where account = ? and available_on > 0 and available_on <= ? group by currency, source_type',
  ),
  dropMatured: db.prepare('delete from balance where account = ? and available_on > 0 and available_on <= ?'),
  balances: db.prepare(
    'select currency, source_type, sum(case when available_on = 0 then amount else 0 end) as available, ' +
      'sum(case when available_on > 0 then amount else 0 end) as pending from balance ' +
      'where account = ? group by currency, source_type order by currency, source_type',
  ),
  revokeKey: db.prepare('insert or ignore into revoked_key values (?)'),
  isRevoked: db.prepare('select 1 from revoked_key where digest = ?'),
  revokedKeys: db.prepare('select count(*) as count from revoked_key'),
  restoreKeys: db.prepare('delete from revoked_key'),
});

export interface IdRange {
  /** Both exclusive. */
  after: string;
  before: string;
  /** Newest first, as Stripe lists; oldest first to look backwards from `ending_before`. */
  order: 'newest' | 'oldest';
}

export interface StoredAnswer {
  fingerprint: string;
  request_id: string;
  status: number;
  body: string;
}

export interface BalanceRow {
  currency: string;
  source_type: string;
  available: number;
  pending: number;
}

type Row = Record<string, unknown>;

function* bodies<T>(rows: Iterable<Row>): Generator<T> {
  for (const row of rows) yield JSON.parse(row.body as string) as T;
}

const eventIn = (row: Row): EventRecord => ({
  id: row.id as string,
  type: row.type as string,
  kind: row.kind as EventRecord['kind'],
  created: row.created as number,
  request_id: row.request_id as string | null,
  idempotency_key: row.idempotency_key as string | null,
  record: JSON.parse(row.record as string) as EventRecord['record'],
  ...(typeof row.account === 'string' && { account: row.account }),
  ...(typeof row.previous_attributes === 'string' && {
    previous_attributes: JSON.parse(row.previous_attributes) as Record<string, unknown>,
  }),
});

function* eventsIn(rows: Iterable<Row>): Generator<EventRecord> {
  for (const row of rows) yield eventIn(row);
}

export class Store {
  private readonly db: DatabaseSync;
  private readonly sql: ReturnType<typeof prepare>;
  /** Which events are to be told to whom. */
  readonly deliveries: DeliveryQueue;
  /** Read when first needed, and again after each change. */
  private known: WebhookEndpointRecord[] | undefined;

  /** Opens or makes the books in `directory`. Throws when another sandbox has them open. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.db = new DatabaseSync(join(directory, 'sandbox.db'));
    try {
      this.db.exec(`
        pragma busy_timeout = 1000; pragma locking_mode = exclusive; pragma page_size = 8192; pragma journal_mode = wal;
        pragma synchronous = normal; pragma cache_size = -32768; pragma wal_autocheckpoint = 1000; pragma temp_store = memory;`);
      upgrade(this.db);
      this.sql = prepare(this.db);
      this.deliveries = new DeliveryQueue(this.db);
    } catch (error) {
      this.db.close();
      throw new Error(`The sandbox's books in ${directory} cannot be opened: is another sandbox using them?`, {
        cause: error,
      });
    }
  }

  /** Runs `work` in one transaction. What it throws rolls everything back. */
  transaction<T>(work: () => T): T {
    this.sql.begin.run();
    try {
      const result = work();
      this.sql.commit.run();
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.sql.rollback.run();
      this.known = undefined;
      throw error;
    }
  }

  read<K extends Exclude<Kind, 'event'>>(id: string): RecordOf[K] | undefined {
    const row = this.sql.read.get(id);
    return row && (JSON.parse(row.body as string) as RecordOf[K]);
  }

  /** The connected account that an object is of. */
  accountOf(id: string): string | undefined {
    const row = this.sql.read.get(id);
    return row && (JSON.parse(row.body as string) as { account?: string }).account;
  }

  event(id: string): EventRecord | undefined {
    const row = this.sql.event.get(id);
    return row && eventIn(row);
  }

  /** `body` is the JSON of the record. */
  write(id: string, body: string): void {
    this.sql.write.run(id, body);
    if (id.startsWith(prefixes.webhook_endpoint)) this.known = undefined;
  }

  /** The webhook endpoints that there are, oldest first. */
  endpoints(): readonly WebhookEndpointRecord[] {
    const all = { after: prefixes.webhook_endpoint, before: 'we`', order: 'oldest' } as const;
    this.known ??= [...this.objects('webhook_endpoint', all)].filter((endpoint) => !endpoint.deleted);
    return this.known;
  }

  /** `id` belongs to `owner`, which is an id or an `email:` address. */
  link(owner: string, id: string): void {
    this.sql.link.run(owner, id);
  }

  unlink(owner: string, id: string): void {
    this.sql.unlink.run(owner, id);
  }

  /** Keeps an event, to be delivered at once to each endpoint that wants it. `record` is the JSON of the event's record. */
  addEvent(event: EventRecord, record: string, now_ms: number): void {
    const { id, type, kind, created, request_id, idempotency_key, previous_attributes: previous, account } = event;
    const before = previous === undefined ? null : JSON.stringify(previous);
    this.sql.addEvent.run(id, type, kind, created, request_id, idempotency_key, before, record, account ?? null);
    for (const endpoint of this.endpoints()) {
      if (wantsEvent(endpoint, event)) this.deliveries.add(id, endpoint.id, now_ms);
    }
  }

  /** Reads lazily: stop when there is enough. */
  objects<K extends Kind>(kind: K, range: IdRange, owner?: string): Iterable<RecordOf[K]> {
    const { after, before, order } = range;
    const { newest, newestOf, oldest, oldestOf } = this.sql;
    if (!after.startsWith(prefixes[kind])) throw new Error(`A range of ${kind} ids must begin with ${prefixes[kind]}`);
    if (owner === undefined) return bodies((order === 'newest' ? newest : oldest).iterate(after, before));
    return bodies((order === 'newest' ? newestOf : oldestOf).iterate(owner, after, before));
  }

  /** Events in the order in which they happened, or the newest first; of one type, or of all. */
  events(range: IdRange, type?: string): Iterable<EventRecord> {
    const { after, before, order } = range;
    const { newestEvents, newestEventsOf, oldestEvents, oldestEventsOf } = this.sql;
    if (type === undefined) return eventsIn((order === 'newest' ? newestEvents : oldestEvents).iterate(after, before));
    return eventsIn((order === 'newest' ? newestEventsOf : oldestEventsOf).iterate(type, after, before));
  }

  answer(key: string): StoredAnswer | undefined {
    return this.sql.answer.get(key) as StoredAnswer | undefined;
  }

  addAnswer(key: string, at: number, answer: StoredAnswer): void {
    const { fingerprint, request_id, status, body } = answer;
    this.sql.addAnswer.run(key, at, fingerprint, request_id, status, body);
  }

  /** Drops answers from before `before` (Unix seconds), at most `limit` of the oldest. */
  dropAnswers(before: number, limit: number): void {
    this.sql.dropAnswers.run(limit, before);
  }

  /** Something is to happen to the object `id` at `at_ms`. */
  addDue(at_ms: number, id: string): void {
    this.sql.addDue.run(at_ms, id);
  }

  dropDue(at_ms: number, id: string): void {
    this.sql.dropDue.run(at_ms, id);
  }

  due(until_ms: number, limit: number): { at_ms: number; id: string }[] {
    return this.sql.due.all(until_ms, limit) as { at_ms: number; id: string }[];
  }

  /** When the next thing is due, Infinity for never. */
  nextDue_ms(): number {
    return (this.sql.nextDue.get()?.at_ms as number | null | undefined) ?? Infinity;
  }

  /** Adds to what becomes available to `account` ('' is the platform) at `available_on` (Unix seconds). */
  post(account: string, currency: string, available_on: number, source_type: string, amount: number): void {
    this.sql.post.run(account, currency, available_on, source_type, amount);
  }

  /** Sums by currency; what has become available by `now` is folded into one row, so that reading stays cheap. */
  balances(account: string, now: number): BalanceRow[] {
    for (const { currency, source_type, amount } of this.sql.mature.all(account, now)) {
      this.sql.post.run(account, currency ?? '', 0, source_type ?? '', amount ?? 0);
    }
    this.sql.dropMatured.run(account, now);
    return this.sql.balances.all(account) as unknown as BalanceRow[];
  }

  /** The API key with this digest is no longer good. */
  revokeKey(digest: string): void {
    this.sql.revokeKey.run(digest);
  }

  isRevoked(digest: string): boolean {
    return this.sql.isRevoked.get(digest) !== undefined;
  }

  /** How many keys are no longer good. */
  revokedKeys(): number {
    return this.sql.revokedKeys.get()?.count as number;
  }

  /** All keys are good again. */
  restoreKeys(): void {
    this.sql.restoreKeys.run();
  }

  close(): void {
    this.db.close();
  }
}
