/**
 * Sends what is in the delivery queue, a few at a time, and again with growing delays where it is not taken. At least once: a sandbox
 * that dies between an answer and its own note of it sends again. https://docs.stripe.com/webhooks#retries
 */
import type { Executor, Log } from '../http/executor.js';
import { present } from '../objects/present.js';
import type { DeliveryResult, DeliveryRow } from '../state/delivery-queue.js';
import type { EventRecord, WebhookEndpointRecord } from '../state/records.js';
import type { Store } from '../state/store.js';
import type { DeliveryFault } from './faults.js';
import { DeliveryFaults } from './faults.js';
import { Reordering } from './reordering.js';
import { Sender } from './sender.js';
import type { Attempt } from './sender.js';
import { signatureHeader } from './signature.js';

export interface DelivererOptions {
  store: Store;
  executor: Executor;
  clock: () => number;
  log: Log;
  /** What the delays between attempts are multiplied by: with 1 they are Stripe's. */
  retryScale: number;
  /** How long an endpoint may take to answer. */
  timeout_ms: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Growing, and three days in all, as Stripe's are in live mode. */
const RETRY_DELAYS_MS = [
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  12 * HOUR_MS,
  12 * HOUR_MS,
  12 * HOUR_MS,
  12 * HOUR_MS,
];
const MOST_IN_FLIGHT = 32;
/** Held back for a new order, besides those in flight. */
const MOST_HELD = 1_000;
const LONGEST_TIMER_MS = 60_000;
const DRAIN_MS = 1_000;
const NOTES_AT_ONCE = 500;
/** Least time from one look at the queue to the next: what comes meanwhile shares it, and one note. Nobody waits for a webhook so closely. */
const GATHER_MS = 10;

interface Job {
  row: DeliveryRow;
  event: EventRecord;
  endpoint: WebhookEndpointRecord;
}

export class Deliverer {
  readonly faults = new DeliveryFaults();
  private readonly sender: Sender;
  private readonly reordering = new Reordering<Job>((jobs) => {
    this.sendInTurn(jobs);
  });
  /** Deliveries that have been taken from the queue and not yet noted there. */
  private readonly taken = new Set<number>();
  /** Deliveries that a delay has hit: when they come back they are sent. */
  private readonly excused = new Set<number>();
  private notes: DeliveryResult[] = [];
  private inFlight = 0;
  private isPaused = false;
  private isClosed = false;
  private isScheduled = false;
  private looked_ms = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: DelivererOptions) {
    this.sender = new Sender(MOST_IN_FLIGHT, options.timeout_ms);
    this.wake();
  }

  /** There may be something to send. */
  wake(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    const look = (): void => {
      this.isScheduled = false;
      this.looked_ms = performance.now();
      try {
        this.run();
      } catch (error) {
        this.options.log('deliveries could not be taken', { error });
      }
    };
    const wait_ms = this.looked_ms + GATHER_MS - performance.now();
    // The first after a quiet moment is not held up.
    if (wait_ms > 0) setTimeout(look, wait_ms);
    else setImmediate(look);
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** Sends nothing more until `resume`; what is on its way arrives. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.wake();
  }

  /** Ends what is on its way, within a second, and sends nothing more. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.reordering.close();
    const deadline = setTimeout(() => {
      this.sender.close();
    }, DRAIN_MS);
    const POLL_MS = 5;
    while (this.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    clearTimeout(deadline);
    this.sender.close();
    this.note();
  }

  private run(): void {
    if (this.isClosed) return;
    this.note();
    if (this.isPaused) return;
    const { store, clock } = this.options;
    const free = MOST_IN_FLIGHT - this.inFlight;
    const now_ms = clock();
    const rows = free > 0 ? store.deliveries.due(now_ms, Math.min(this.taken.size, MOST_HELD) + free) : [];
    for (const row of rows) {
      if (this.inFlight >= MOST_IN_FLIGHT) break;
      if (!this.taken.has(row.id)) this.take(row);
    }
    clearTimeout(this.timer);
    const next_ms = store.deliveries.nextDue_ms(now_ms);
    if (next_ms === Infinity) return;
    const wait_ms = Math.min(Math.max(next_ms - now_ms, 1), LONGEST_TIMER_MS);
    this.timer = setTimeout(() => {
      this.wake();
    }, wait_ms).unref();
  }

  private take(row: DeliveryRow): void {
    const { store } = this.options;
    const event = store.event(row.event);
    const endpoint = store.endpoints().find(({ id }) => id === row.endpoint);
    this.taken.add(row.id);
    if (!event || !endpoint || endpoint.disabled) {
      this.finish(row, { state: 'failed', due_ms: null, error: 'endpoint_gone' });
      return;
    }
    const job = { row, event, endpoint };
    const fault = this.excused.delete(row.id) ? undefined : this.faults.take(event, endpoint.id, row.attempts);
    if (fault) this.takeWith(fault, job);
    else void this.send(job);
  }

  private takeWith(fault: DeliveryFault, job: Job): void {
    const { row } = job;
    switch (fault.fault) {
      case 'drop':
        this.finish(row, { state: 'dropped', due_ms: null, error: 'dropped' });
        return;
      case 'delay':
        this.excused.add(row.id);
        this.finish(row, { state: 'waiting', due_ms: this.options.clock() + fault.delayMs, error: 'delayed' });
        return;
      case 'reorder':
        this.reordering.hold(fault, job);
        return;
      case 'duplicate':
        for (let copy = 0; copy < fault.copies; copy++) void this.post(job, undefined);
        void this.send(job);
        return;
      case 'shift_timestamp':
      case 'tamper':
      case 'lose_answer':
        void this.send(job, fault);
    }
  }

  /** One after another, each when the one before it has been answered. */
  private sendInTurn(jobs: readonly Job[]): void {
    const inTurn = async (): Promise<void> => {
      for (const job of jobs) await this.send(job);
    };
    void inTurn();
  }

  private async send(job: Job, fault?: DeliveryFault): Promise<void> {
    const attempt = await this.post(job, fault);
    if (attempt) this.conclude(job.row, fault?.fault === 'lose_answer' ? { error: 'answer_lost' } : attempt);
  }

  /** Gives undefined when there was nothing to send, or the sandbox is closing. */
  private async post({ event, endpoint }: Job, fault: DeliveryFault | undefined): Promise<Attempt | undefined> {
    const { clock, log } = this.options;
    if (this.isClosed) return undefined;
    this.inFlight += 1;
    try {
      const body = this.bodyOf(event);
      const now_ms = clock();
      const shift = fault?.fault === 'shift_timestamp' ? fault.seconds : 0;
      const earlier = (endpoint.earlier_secrets ?? []).filter(({ until_ms }) => until_ms > now_ms);
      const secrets = [endpoint.secret, ...earlier.map(({ secret }) => secret)];
      const signature = signatureHeader(body, secrets, Math.floor(now_ms / 1_000) + shift);
      const sent = fault?.fault === 'tamper' ? body.replace('"livemode": false', '"livemode": true') : body;
      return await this.sender.send(endpoint.url, sent, signature);
    } catch (error) {
      log('a delivery could not be made', { event: event.id, endpoint: endpoint.id, error });
      return { error: 'unsendable' };
    } finally {
      this.inFlight -= 1;
      this.wake();
    }
  }

  /** The same bytes each time: nothing in it depends on how often it was sent. */
  private bodyOf(event: EventRecord): string {
    const { executor, store } = this.options;
    const shown = executor.look(event.account, (work) => present('event', event, work));
    const told = 'pending_webhooks' in shown ? { pending_webhooks: store.deliveries.told(event.id) } : {};
    return JSON.stringify({ ...shown, ...told }, null, 2);
  }

  private conclude(row: DeliveryRow, { status, error }: Attempt): void {
    if (error === undefined) {
      this.finish(row, { state: 'delivered', due_ms: null, error: null, http_status: status ?? null }, 1);
      return;
    }
    const delay_ms = RETRY_DELAYS_MS[row.attempts];
    const due_ms = delay_ms === undefined ? null : this.options.clock() + delay_ms * this.options.retryScale;
    const state = due_ms === null ? 'failed' : 'waiting';
    this.finish(row, { state, due_ms, error, http_status: status ?? null }, 1);
  }

  private finish(row: DeliveryRow, result: Partial<DeliveryResult>, attempts = 0): void {
    const { id, state, due_ms, http_status, error } = row;
    this.notes.push({ id, state, due_ms, http_status, error, ...result, attempts: row.attempts + attempts });
    this.wake();
  }

  /** Notes in the queue what has come of deliveries since the last time. */
  private note(): void {
    const { store } = this.options;
    for (;;) {
      const notes = this.notes.slice(0, NOTES_AT_ONCE);
      if (notes.length === 0) return;
      store.transaction(() => {
        for (const note of notes) store.deliveries.finish(note);
      });
      this.notes = this.notes.slice(notes.length);
      for (const { id } of notes) this.taken.delete(id);
    }
  }
}
