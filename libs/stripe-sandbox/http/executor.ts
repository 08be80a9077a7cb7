/**
 * Does the work of requests. Those that arrive in one turn of the event loop share one SQLite transaction, which is committed
 * before any of them is answered. A keyed request's answer is kept in the same transaction as its effect.
 */
import { hash } from 'node:crypto';
import { settlePayment } from '../payments/attempt.js';
import { settleCapture } from '../payments/after-capture.js';
import { settleDispute } from '../payments/disputes.js';
import { settlePayout } from '../payments/payouts.js';
import { settleRefund } from '../payments/refunding.js';
import type { IdFactory } from '../state/ids.js';
import { kindOf } from '../state/records.js';
import type { Store, StoredAnswer } from '../state/store.js';
import { Work } from '../state/work.js';
import { errorBody, keyInUse, keyMisused, serverError, StripeError } from '../wire/errors.js';
import { parseForm } from '../wire/form.js';
import type { Form } from '../wire/form.js';
import type { Endpoint } from './endpoint.js';

export interface Call {
  endpoint: Endpoint;
  /** The id in the path, empty where there is none. */
  id: string;
  path: string;
  /** Form text, or a form that was read from something else. */
  input: string | Form;
  key: string | undefined;
  requestId: string;
  /** The connected account that the request is for, if not for the platform itself. */
  account?: string | undefined;
  /** The account whose key it has. */
  platform?: string | undefined;
  /** Asked with a publishable key, by a browser. */
  isPublic?: boolean;
  /** The work is done, and the answer is to be a 500 all the same; called when it was. */
  spoil?: () => void;
}

export interface Answer {
  status: number;
  body: string;
  /** The request that was answered so the first time, when this is a replay. */
  replayOf?: string;
}

export type Log = (message: string, details: Record<string, unknown>) => void;

export interface ExecutorOptions {
  store: Store;
  ids: IdFactory;
  clock: () => number;
  settleDelay_ms: number;
  url: () => string;
  log: Log;
  /** Called when something may have been committed. */
  committed: () => void;
}

interface Waiting {
  call: Call;
  answered: (answer: Answer) => void;
}

const BATCH = 64;
const SETTLED_AT_ONCE = 100;
const KEY_LIFE_SECONDS = 24 * 60 * 60;
const KEYS_DROPPED_AT_ONCE = 128;
/** Old keys are looked for once in so many batches. */
const BATCHES_BETWEEN_DROPS = 64;
const LONGEST_TIMER_MS = 60_000;

/** The same for the same endpoint and parameters, in whatever order. */
const fingerprintOf = ({ endpoint, path, input }: Call): string => {
  const text = typeof input === 'string' ? input.split('&').sort().join('&') : JSON.stringify(input);
  return hash('sha1', `${endpoint.method} ${path} ${text}`, 'base64url');
};

export class Executor {
  private waiting: Waiting[] = [];
  private isScheduled = false;
  private batches = 0;
  private nextDue_ms: number;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Keys of requests that have begun and are held up: as many as there are open connections. */
  private readonly inProgress = new Set<string>();

  constructor(private readonly options: ExecutorOptions) {
    this.nextDue_ms = options.store.nextDue_ms();
    this.armTimer();
  }

  /** Does `call` in the next batch; `answered` is called once its effect is committed. */
  submit(call: Call, answered: (answer: Answer) => void): void {
    if (this.isClosed) return;
    this.waiting.push({ call, answered });
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.runBatch();
    });
  }

  /** Marks a key as in progress until the given function is called. Throws idempotency_key_in_use. */
  hold(key: string | undefined): () => void {
    if (key === undefined) return () => undefined;
    this.assertFree(key);
    this.inProgress.add(key);
    return () => this.inProgress.delete(key);
  }

  /** Throws idempotency_key_in_use while another request with this key is held up. */
  assertFree(key: string | undefined): void {
    if (key !== undefined && this.inProgress.has(key)) throw keyInUse(key);
  }

  /** Lets what is due by `until_ms` happen, at most a hundred things. Gives how many. */
  settle(until_ms = this.options.clock()): number {
    const { store } = this.options;
    const due = store.due(until_ms, SETTLED_AT_ONCE);
    if (due.length > 0) {
      store.transaction(() => {
        for (const { at_ms, id } of due) {
          const work = this.newWork(null, null, { account: store.accountOf(id) });
          // Before what it puts off itself, which may be due at the same moment.
          store.dropDue(at_ms, id);
          if (this.settleOne(work, id)) work.flush();
        }
      });
      this.options.committed();
    }
    this.nextDue_ms = store.nextDue_ms();
    return due.length;
  }

  /** What the API would show to `account`, undefined where there is none; reads only. */
  look<T>(account: string | undefined, reader: (work: Work) => T): T {
    return reader(this.newWork(null, null, { account }));
  }

  /** A change that no request of the API makes, committed at once. */
  change<T>(account: string | undefined, changer: (work: Work) => T): T {
    const work = this.newWork(null, null, { account });
    const result = changer(work);
    this.options.store.transaction(() => {
      work.flush();
    });
    this.options.committed();
    return result;
  }

  /** Does what has been submitted, and nothing more. */
  close(): void {
    while (this.waiting.length > 0) this.runBatch();
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** False when it cannot be done, which must not hold up what comes after it. */
  private settleOne(work: Work, id: string): boolean {
    try {
      const kind = kindOf(id);
      if (kind === 'refund') settleRefund(work, work.get('refund', id));
      if (kind === 'charge') settleCapture(work, work.get('charge', id));
      if (kind === 'dispute') settleDispute(work, work.get('dispute', id));
      if (kind === 'payout') settlePayout(work, work.get('payout', id));
      if (kind === 'payment_intent') settlePayment(work, work.get('payment_intent', id));
      return true;
    } catch (error) {
      this.options.log('what was due could not be settled', { id, error });
      return false;
    }
  }

  private armTimer(): void {
    clearTimeout(this.timer);
    if (this.nextDue_ms === Infinity || this.isClosed) return;
    const wait_ms = Math.min(Math.max(this.nextDue_ms - this.options.clock(), 10), LONGEST_TIMER_MS);
    this.timer = setTimeout(() => {
      try {
        this.settle();
      } catch (error) {
        this.options.log('settling failed', { error });
      }
      this.armTimer();
    }, wait_ms).unref();
  }

  private newWork(
    requestId: string | null,
    idempotencyKey: string | null,
    { account, platform, isPublic }: Pick<Call, 'account' | 'platform' | 'isPublic'> = {},
  ): Work {
    const { store, ids, clock, settleDelay_ms, url } = this.options;
    const done = { requestId, idempotencyKey, account, platform, isPublic };
    return new Work({ store, ids, now_ms: clock(), settleDelay_ms, url: url(), ...done });
  }

  private runBatch(): void {
    const batch = this.waiting.splice(0, BATCH);
    this.isScheduled = this.waiting.length > 0;
    if (this.isScheduled) {
      setImmediate(() => {
        this.runBatch();
      });
    }
    if (batch.length === 0) return;
    const answers = this.commit(batch);
    this.batches += 1;
    this.options.committed();
    for (const [index, { answered }] of batch.entries()) answered(answers[index] ?? this.failure('', undefined));
  }

  /** The answers of `batch`, in its order. When the transaction fails, each request is tried once more in one of its own. */
  private commit(batch: readonly Waiting[]): Answer[] {
    const { store, clock } = this.options;
    try {
      if (this.nextDue_ms <= clock()) this.settle();
      const due_ms = this.nextDue_ms;
      const answers = store.transaction(() => {
        if (this.batches % BATCHES_BETWEEN_DROPS === 0) {
          store.dropAnswers(Math.floor(clock() / 1_000) - KEY_LIFE_SECONDS, KEYS_DROPPED_AT_ONCE);
        }
        return batch.map(({ call }) => this.answer(call));
      });
      if (this.nextDue_ms < due_ms) this.armTimer();
      return answers;
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only) return [this.failure(only.call.requestId, error)];
      return batch.map((each) => this.commit([each])[0] ?? this.failure(each.call.requestId, error));
    }
  }

  private failure(requestId: string, error: unknown): Answer {
    this.options.log('a request could not be carried out', { requestId, error });
    const { status, details } = serverError(true);
    return { status, body: errorBody(details, requestId) };
  }

  private answer(call: Call): Answer {
    const { requestId, account } = call;
    if (call.key === undefined) return this.perform(call).answer;
    const { store } = this.options;
    const fingerprint = fingerprintOf(call);
    // An account's keys are its own.
    const key = account === undefined ? call.key : `${account}:${call.key}`;
    const stored = store.answer(key);
    if (stored) return this.replay(stored, fingerprint, call);
    const { answer, began } = this.perform(call);
    if (began) {
      const now = Math.floor(this.options.clock() / 1_000);
      store.addAnswer(key, now, { fingerprint, request_id: requestId, status: answer.status, body: answer.body });
    }
    return answer;
  }

  private replay(stored: StoredAnswer, fingerprint: string, { key = '', requestId }: Call): Answer {
    if (stored.fingerprint !== fingerprint) {
      const { status, details } = keyMisused(key);
      return { status, body: errorBody(details, requestId) };
    }
    return { status: stored.status, body: stored.body, replayOf: stored.request_id };
  }

  private perform(call: Call): { answer: Answer; began: boolean } {
    const work = this.newWork(call.requestId, call.key ?? null, call);
    let answer: Answer;
    let keepsEffects = true;
    let began = true;
    try {
      const form = typeof call.input === 'string' ? parseForm(call.input) : call.input;
      answer = { status: 200, body: JSON.stringify(call.endpoint.handle(work, form, call.id)) };
    } catch (error) {
      if (!(error instanceof StripeError)) {
        const failed = this.failure(call.requestId, error);
        return { answer: failed, began: false };
      }
      answer = { status: error.status, body: errorBody(error.details, call.requestId) };
      keepsEffects = error.options.keepsEffects ?? false;
      began = !error.options.neverBegan;
    }
    if (keepsEffects) {
      work.flush();
      this.nextDue_ms = Math.min(this.nextDue_ms, work.due_ms);
    }
    if (began && call.spoil) {
      call.spoil();
      const { status, details } = serverError(false);
      answer = { status, body: errorBody(details, call.requestId) };
    }
    return { answer, began };
  }
}
