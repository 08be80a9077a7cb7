import type { RecordedEvent } from '#contracts';
import type { BatchHandler } from '#log';

import type { NewCall } from './call-store.js';
import { insertCalls } from './call-store.js';
import type { Call, TakenCall } from './call.js';
import { callOf } from './call.js';

export interface IntakeOptions {
  /** Part of every idempotency key. */
  environment: string;
  now: () => Date;
  leaseMs: number;
  /** Names this process as the owner of a call. */
  owner: number;
  /** How many calls this process would take on at once. */
  free(): number;
  /** Takes calls on that are stored, with their lease, as this process's own. */
  take(calls: readonly TakenCall[]): void;
  /** Some calls wait in the table. */
  queued(): void;
}

interface Staged {
  taken: TakenCall[];
  queued: number;
}

/**
 * Copies what is asked of the processor from the log into the table, in the transaction that moves the checkpoint. As many calls as
 * this process has room for are stored as being sent by it, so that the usual call needs no second visit to the table.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #staged: Staged = { taken: [], queued: 0 };

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  readonly handle: BatchHandler = async (events, client) => {
    const { environment, leaseMs, owner } = this.#options;
    const now = this.#options.now();
    const calls = events.flatMap((event, at) => {
      const call = callOf(event, environment, now);
      return call ? [{ call, seed: seedOf(events, at) }] : [];
    });
    const own = calls.slice(0, Math.max(0, this.#options.free()));
    const lease = new Date(now.getTime() + leaseMs);
    this.#staged = { taken: own.map((each) => takenBy(each, now, lease)), queued: calls.length - own.length };
    if (calls.length === 0) return;
    const rows = calls.map(({ call }, at): NewCall => {
      const isOwn = at < own.length;
      return isOwn ? { call, state: 'sent', notBefore: lease, owner } : { call, state: 'queued', notBefore: now };
    });
    await insertCalls(client, rows, now);
  };

  /** Begins with what the last batch brought. Only once it is committed: what is sent has been stored before. */
  readonly committed = (): void => {
    const { taken, queued } = this.#staged;
    this.#staged = { taken: [], queued: 0 };
    if (taken.length > 0) this.#options.take(taken);
    if (queued > 0) this.#options.queued();
  };
}

const takenBy = ({ call, seed }: { call: Call; seed?: RecordedEvent[] }, now: Date, leaseUntil: Date): TakenCall => ({
  ...call,
  firstSentAt: now,
  leaseUntil,
  tries: 1,
  faults: 0,
  unknown: false,
  tokenReplaced: false,
  waitedForKey: false,
  seed,
});

/** The stream up to the event at `at`, where all of it lies side by side in this batch: saves reading a new stream. */
const seedOf = (events: readonly RecordedEvent[], at: number): RecordedEvent[] | undefined => {
  const last = events[at] as RecordedEvent;
  const first = events[at - last.version + 1];
  const isWhole = first?.version === 1 && first.streamId === last.streamId && first.tenantId === last.tenantId;
  return isWhole ? events.slice(at - last.version + 1, at + 1) : undefined;
};
