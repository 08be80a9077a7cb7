/** What one request reads and changes. Its changes reach the store together, or not at all. */
import { resourceMissing } from '../wire/errors.js';
import type { IdFactory } from './ids.js';
import type { EventRecord, Kind, RecordOf } from './records.js';
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
}

export class Work {
  readonly now_ms: number;
  /** Unix seconds. */
  readonly now: number;
  readonly url: string;
  /** When the first thing that this work has put off is due, Infinity for nothing. */
  due_ms = Infinity;
  private readonly records = new Map<string, { id: string }>();
  private readonly texts = new Map<object, string>();
  private readonly changes: (() => void)[] = [];

  constructor(private readonly options: WorkOptions) {
    this.now_ms = options.now_ms;
    this.now = Math.floor(options.now_ms / 1_000);
    this.url = options.url;
  }

  get store(): Store {
    return this.options.store;
  }

  newId(kind: Kind): string {
    return this.options.ids.next(prefixes[kind], this.now_ms);
  }

  find<K extends Kind>(kind: K, id: string): RecordOf[K] | undefined {
    if (!id.startsWith(prefixes[kind])) return undefined;
    if (kind === 'event') return this.store.event(id) as RecordOf[K] | undefined;
    return (this.records.get(id) as RecordOf[K] | undefined) ?? (this.store.read(id) as RecordOf[K] | undefined);
  }

  /** Throws resource_missing: 404 for the object in the path, 400 naming the parameter `param`. */
  get<K extends Kind>(kind: K, id: string, param = 'id'): RecordOf[K] {
    const record = this.find(kind, id);
    if (!record || (kind === 'customer' && param !== 'id' && 'deleted' in record)) {
      throw resourceMissing(kind, id, param);
    }
    return record;
  }

  save<K extends Kind>(_kind: K, record: RecordOf[K]): RecordOf[K] {
    this.records.set(record.id, record);
    return record;
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
    const event: EventRecord = {
      id: this.newId('event'),
      created: this.now,
      type,
      kind,
      record,
      ...(previous && { previous_attributes: previous }),
      request_id: this.options.requestId,
      idempotency_key: this.options.idempotencyKey,
    };
    this.changes.push(() => {
      this.store.addEvent(event, this.textOf(record));
    });
  }

  /** Money that becomes available at `available_on`. */
  post(currency: string, available_on: number, source_type: string, amount: number): void {
    this.changes.push(() => {
      this.store.post(currency, available_on, source_type, amount);
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

  /** The JSON of `record`, made once: an object's last state is also what its last event shows. */
  private textOf(record: object): string {
    const known = this.texts.get(record);
    if (known !== undefined) return known;
    const text = JSON.stringify(record);
    this.texts.set(record, text);
    return text;
  }
}
