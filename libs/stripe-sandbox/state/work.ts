/** What one request reads and changes. Its changes reach the store together, or not at all. */
import { resourceMissing } from '../wire/errors.js';
import type { IdFactory } from './ids.js';
import type { EventRecord, GivenObject, Kind, RecordOf } from './records.js';
import { PLATFORM_ACCOUNT } from './platform.js';
import { prefixes } from './records.js';
import type { Store } from './store.js';

export interface WorkOptions {
  store: Store;
  ids: IdFactory;
  /** Unix milliseconds, the same throughout. */
  now_ms: number;
  /** Null for what happens by itself, as when a pending refund succeeds. */
  requestId: string | null;
  idempotencyKey: string | null;
  /** How long what is asynchronous takes. */
  settleDelay_ms: number;
  /** Where the sandbox is reached, `http://127.0.0.1:3002`. */
  url: string;
  /** The connected account it is done for; undefined for the platform itself. */
  account?: string | undefined;
  /** The account whose key the request has. */
  platform?: string | undefined;
  /** Whether that key is a publishable one, of a browser. */
  isPublic?: boolean | undefined;
}

export class Work {
  readonly now_ms: number;
  /** Unix seconds. */
  readonly now: number;
  readonly url: string;
  /** The connected account that this is done for, and whose objects alone are seen. */
  readonly account: string | undefined;
  /** The account whose key the request has. */
  readonly platform: string;
  /** Whether it is asked by a browser, with a publishable key. */
  readonly isPublic: boolean;
  /** When the first thing that this work has put off is due, Infinity for nothing. */
  due_ms = Infinity;
  private readonly records = new Map<string, { id: string }>();
  private readonly texts = new Map<object, string>();
  private readonly changes: (() => void)[] = [];

  constructor(private readonly options: WorkOptions) {
    this.now_ms = options.now_ms;
    this.now = Math.floor(options.now_ms / 1_000);
    this.url = options.url;
    this.account = options.account;
    this.platform = options.platform ?? PLATFORM_ACCOUNT;
    this.isPublic = options.isPublic ?? false;
  }

  get store(): Store {
    return this.options.store;
  }

  newId(kind: Kind): string {
    return this.options.ids.next(prefixes[kind], this.now_ms);
  }

  find<K extends Kind>(kind: K, id: string): RecordOf[K] | undefined {
    const record = this.read(kind, id);
    return record && this.sees(kind, record) ? record : undefined;
  }

  /** Whether `record` is one of the account that this is done for. The platform sees its connected accounts, and they themselves. */
  sees<K extends Kind>(kind: K, record: RecordOf[K]): boolean {
    if (kind === 'account') return this.account === undefined || record.id === this.account;
    return record.account === this.account;
  }

  /** Throws resource_missing: 404 for the object in the path, 400 naming the parameter `param`. */
  get<K extends Kind>(kind: K, id: string, param = 'id'): RecordOf[K] {
    const record = this.find(kind, id);
    if (!record || ('deleted' in record && (kind !== 'customer' || param !== 'id'))) {
      throw resourceMissing(kind, id, param);
    }
    return record;
  }

  /** Keeps `record`: as one of the account that this is done for. */
  save<K extends Kind>(kind: K, record: RecordOf[K]): RecordOf[K] {
    const kept = this.sees(kind, record) ? record : this.claim(record);
    this.records.set(kept.id, kept);
    return kept;
  }

  /** Work of the same request for `account`; what it changes is kept with the rest. */
  for(account: string | undefined): Work {
    const work = new Work({ ...this.options, account });
    this.changes.push(() => {
      work.flush();
      this.due_ms = Math.min(this.due_ms, work.due_ms);
    });
    return work;
  }

  link(owner: string, id: string): void {
    this.changes.push(() => {
      this.store.link(owner, id);
    });
  }

  unlink(owner: string, id: string): void {
    this.changes.push(() => {
      this.store.unlink(owner, id);
    });
  }

  /** Records that `record` came to be as it is now. */
  event<K extends Kind>(type: string, kind: K, record: RecordOf[K], previous?: Record<string, unknown>): void {
    this.addEvent(type, kind, record, previous);
  }

  /** Records an event about `object`, which is of a kind that the sandbox does not keep. Gives the event's id. */
  givenEvent(type: string, object: GivenObject, previous?: Record<string, unknown>): string {
    return this.addEvent(type, 'given', object, previous);
  }

  private addEvent(
    type: string,
    kind: EventRecord['kind'],
    record: EventRecord['record'],
    previous?: Record<string, unknown>,
  ): string {
    const event: EventRecord = {
      id: this.newId('event'),
      created: this.now,
      type,
      kind,
      record,
      ...(previous && { previous_attributes: previous }),
      ...(this.account !== undefined && { account: this.account }),
      request_id: this.options.requestId,
      idempotency_key: this.options.idempotencyKey,
    };
    this.changes.push(() => {
      this.store.addEvent(event, this.textOf(record), this.now_ms);
    });
    return event.id;
  }

  /** Money that becomes available at `available_on`. */
  post(currency: string, available_on: number, source_type: string, amount: number): void {
    this.changes.push(() => {
      this.store.post(this.account ?? '', currency, available_on, source_type, amount);
    });
  }

  /** The asynchronous part of what happens to `id` is due after the sandbox's settle delay. */
  settleLater(id: string): void {
    const at_ms = this.now_ms + this.options.settleDelay_ms;
    this.due_ms = Math.min(this.due_ms, at_ms);
    this.changes.push(() => {
      this.store.addDue(at_ms, id);
    });
  }

  /** Hands the changes to the store, within its open transaction. */
  flush(): void {
    for (const record of this.records.values()) this.store.write(record.id, this.textOf(record));
    for (const change of this.changes) change();
  }

  private read<K extends Kind>(kind: K, id: string): RecordOf[K] | undefined {
    if (!id.startsWith(prefixes[kind])) return undefined;
    if (kind === 'event') return this.store.event(id) as RecordOf[K] | undefined;
    return (this.records.get(id) as RecordOf[K] | undefined) ?? (this.store.read(id) as RecordOf[K] | undefined);
  }

  private claim<R extends { id: string }>(record: R): R {
    const account = this.account ?? '';
    this.link(account, record.id);
    return { ...record, account };
  }

  /** The JSON of `record`, made once: an object's last state is also what its last event shows. */
  private textOf(record: object): string {
    const known = this.texts.get(record);
    if (known !== undefined) return known;
    const text = JSON.stringify(record);
    this.texts.set(record, text);
    return text;
  }
}
