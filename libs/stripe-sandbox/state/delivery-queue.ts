/** Deliveries of events to webhook endpoints, in the sandbox's books: what is to be sent outlives the process. */
import type { DatabaseSync } from 'node:sqlite';

export type DeliveryState = 'waiting' | 'delivered' | 'failed' | 'dropped';

export interface DeliveryRow {
  id: number;
  event: string;
  endpoint: string;
  /** `failed`: given up. `dropped`: never sent, because a test wanted it so. */
  state: DeliveryState;
  attempts: number;
  /** Unix milliseconds of the next attempt; null for none. */
  due_ms: number | null;
  /** Of the latest attempt. */
  http_status: number | null;
  error: string | null;
}

/** What an attempt has come to. */
export type DeliveryResult = Omit<DeliveryRow, 'event' | 'endpoint'>;

export interface DeliveryFilter {
  event?: string | undefined;
  state?: DeliveryState | undefined;
  /** Ids after this one. */
  after: number;
  limit: number;
}

const prepare = (db: DatabaseSync) => ({
  add: db.prepare("insert into delivery values (null, ?, ?, 'waiting', 0, ?, null, null)"),
  due: db.prepare('select * from delivery where due_ms is not null and due_ms <= ? order by due_ms, id limit ?'),
  nextDue: db.prepare('select min(due_ms) as due_ms from delivery where due_ms is not null and due_ms > ?'),
  finish: db.prepare(
    'update delivery set state = ?, attempts = ?, due_ms = ?, http_status = ?, error = ? where id = ?',
  ),
  hasten: db.prepare('update delivery set due_ms = ? where due_ms is not null'),
  list: db.prepare(
    'select * from delivery where id > ?1 and (?2 is null or event = ?2) and (?3 is null or state = ?3) order by id limit ?4',
  ),
  waiting: db.prepare('select count(*) as count from delivery where due_ms is not null'),
  told: db.prepare('select count(distinct endpoint) as count from delivery where event = ?'),
  pending: db.prepare(
    "select count(distinct endpoint) - count(distinct iif(state = 'delivered', endpoint, null)) as count from delivery where event = ?",
  ),
});

export class DeliveryQueue {
  private readonly sql: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.sql = prepare(db);
  }

  add(event: string, endpoint: string, due_ms: number): void {
    this.sql.add.run(event, endpoint, due_ms);
  }

  /** What is due by `until_ms`, the longest due first. */
  due(until_ms: number, limit: number): DeliveryRow[] {
    return this.sql.due.all(until_ms, limit) as unknown as DeliveryRow[];
  }

  /** When the next one after `now_ms` is due, Infinity for never. */
  nextDue_ms(now_ms: number): number {
    return (this.sql.nextDue.get(now_ms)?.due_ms as number | null | undefined) ?? Infinity;
  }

  finish({ id, state, attempts, due_ms, http_status, error }: DeliveryResult): void {
    this.sql.finish.run(state, attempts, due_ms, http_status, error, id);
  }

  /** Whatever waits is due at `now_ms`. */
  hasten(now_ms: number): void {
    this.sql.hasten.run(now_ms);
  }

  list({ event, state, after, limit }: DeliveryFilter): DeliveryRow[] {
    return this.sql.list.all(after, event ?? null, state ?? null, limit) as unknown as DeliveryRow[];
  }

  /** How many are still to be sent. */
  waiting(): number {
    return Number(this.sql.waiting.get()?.count);
  }

  /** How many endpoints an event goes to. */
  told(event: string): number {
    return Number(this.sql.told.get(event)?.count);
  }

  /** How many of them have not taken it. */
  pending(event: string): number {
    return Number(this.sql.pending.get(event)?.count);
  }
}
