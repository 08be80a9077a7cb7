import { Contended } from '#command-handling/facts';
import { isTransient, StoreOverloaded } from '#event-store';
import { KeyManagementUnavailable, KeyMissing, KeyringRefused, UnwrapRefused } from '#keys';
import { OutcomeUnknown, ProcessorUnavailable } from '#processor';

import { backoffMs } from './calls/backoff.js';
import type { Postponement } from './calls/call-store.js';
import type { TakenCall } from './calls/call.js';
import { LineClosed } from './line/line.js';
import { NotReady, StillUnknown } from './operations/operation.js';

/** What becomes of a call that did not come to its end. */
export interface Verdict extends Omit<Postponement, 'notBefore'> {
  delayMs: number;
  level: 'debug' | 'warn' | 'error';
  /** The processor's name for the request, for its support. */
  requestId?: string;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** How often our own code may fail on one call before the call is parked. */
const maxFaults = 5;
/** How long to go on looking at the processor for what became of a call, once its key is forgotten. */
const giveUpMs = 30 * 24 * hourMs;

/** Whether there was no API key, or none that the processor took for this. */
const isAboutKey = ({ reason }: ProcessorUnavailable): boolean =>
  reason === 'no_api_key' || reason.startsWith('api_key_');

/**
 * Judges why a call did not come to its end and when to try it again, always under the same key. What may have been executed
 * stays `unknown` until the processor says what became of it.
 */
export const verdictOf = (error: unknown, call: TakenCall, now: Date): Verdict => {
  const asBefore = call.unknown ? 'unknown' : 'queued';
  const wait = (baseMs: number, maxMs: number) => backoffMs(call.tries, baseMs, maxMs);
  if (error instanceof LineClosed) {
    const neverSent = call.tries === 1;
    return { state: asBefore, delayMs: backoffMs(1, 1_000, 1_000), error: error.reason, level: 'debug', neverSent };
  }
  if (error instanceof NotReady) {
    const neverSent = call.tries === 1;
    return {
      state: asBefore,
      delayMs: wait(error.baseMs, error.maxMs),
      error: error.reason,
      level: 'debug',
      neverSent,
    };
  }
  if (error instanceof ProcessorUnavailable) {
    const { retryAfterMs = 0, requestId } = error.options;
    const delayMs = Math.max(wait(100, minuteMs), retryAfterMs);
    // Under whatever key it was refused, it waits for a better one, however long: the processor has nothing to remember of it.
    const neverSent = isAboutKey(error) && !call.unknown;
    return { state: asBefore, delayMs, error: error.reason, level: 'warn', requestId, neverSent };
  }
  if (error instanceof OutcomeUnknown) {
    const { requestId } = error.options;
    return { state: 'unknown', delayMs: wait(500, 10 * minuteMs), error: error.reason, level: 'warn', requestId };
  }
  if (error instanceof StillUnknown) {
    const isOver = now.getTime() - call.firstSentAt.getTime() > giveUpMs;
    const state = isOver ? 'parked' : 'unknown';
    return { state, delayMs: hourMs, error: 'still_unknown', level: 'error' };
  }
  if (error instanceof Contended || error instanceof StoreOverloaded || isTransient(error)) {
    return { state: 'unknown', delayMs: wait(200, minuteMs), error: 'store_unavailable', level: 'warn' };
  }
  // What was asked of the processor before its answer could be sealed is asked again under the same key.
  if (isOfKeys(error)) return { state: 'unknown', delayMs: wait(200, minuteMs), error: error.code, level: 'warn' };
  const isPoison = call.faults + 1 >= maxFaults;
  const name = error instanceof Error ? error.name : 'unexpected';
  return {
    state: isPoison ? 'parked' : 'unknown',
    delayMs: wait(1_000, 10 * minuteMs),
    error: name,
    fault: true,
    level: 'error',
  };
};

const ofKeys = [KeyManagementUnavailable, KeyMissing, KeyringRefused, UnwrapRefused];

/**
 * Whether it is about our keys or the way to them, and not about the call: they are away, were not restored yet, or this process has the
 * settings of another environment. A person mends it, and the call goes on.
 */
export const isOfKeys = (error: unknown): error is Error & { code: string } =>
  ofKeys.some((kind) => error instanceof kind);
