import { ConcurrentChange } from '#command-handling';
import { Contended } from '#command-handling/facts';
import { isTransient, StoreOverloaded } from '#event-store';
import { KeyManagementUnavailable, KeyMissing, KeyringRefused, SealBroken, UnwrapRefused } from '#keys';

import type { Ending, Postponement, TakenEvent } from '../inbox/index.js';
import { delayMs } from './delay.js';
import type { Verdict } from './verdict.js';
import { NotApplied } from './verdict.js';

const minuteMs = 60_000;
/** How long an event waits for what it is about to become known: from its reception on, or since a person had it tried again. */
export const waitMs = 15 * minuteMs;
/** How often it is looked at before its time is over: time in which nobody looked, because we were away, is no waiting. */
const minLooks = 5;
/** How often our own code may fail on one event. */
const maxFaults = 5;

/** What is written of an event in hand: how it ends, or that it is put back. */
export type Fate = ({ kind: 'ended' } & Ending) | ({ kind: 'put_back' } & Postponement);

/** What a verdict means for its event. One that waits is quarantined once its time is over. */
export const fateOf = (verdict: Verdict, taken: TakenEvent, at: Date): Fate => {
  if (verdict.state !== 'waiting') return { kind: 'ended', ...verdict, at };
  const { reason } = verdict;
  const looks = taken.looks + 1;
  const endsAt = taken.waitsSince.getTime() + waitMs;
  const isOver = at.getTime() >= endsAt;
  if (isOver && looks >= minLooks) return { kind: 'ended', state: 'quarantined', reason, at };
  const next = at.getTime() + delayMs(looks, 100, minuteMs);
  const notBefore = new Date(isOver ? next : Math.min(next, endsAt));
  return { kind: 'put_back', state: 'waiting', notBefore, reason, lookedInVain: true };
};

/** What an error means for the event it happened to. What is about the moment, and not about the event, never counts as a fault. */
export const fateAfter = (error: unknown, taken: TakenEvent, at: Date): Fate => {
  if (error instanceof NotApplied) return fateOf(error.verdict, taken, at);
  if (error instanceof SealBroken) return fateOf({ state: 'quarantined', reason: 'body_unreadable' }, taken, at);
  const later = (baseMs: number, maxMs: number) => new Date(at.getTime() + delayMs(taken.tries, baseMs, maxMs));
  const { state } = taken;
  if (isOfTheMoment(error)) {
    return { kind: 'put_back', state, notBefore: later(200, minuteMs), reason: 'store_unavailable' };
  }
  if (isOfKeys(error)) return { kind: 'put_back', state, notBefore: later(200, minuteMs), reason: error.code };
  const reason = error instanceof Error ? error.name : 'unexpected';
  if (taken.faults + 1 >= maxFaults) return { kind: 'ended', state: 'failed', reason, at };
  return { kind: 'put_back', state, notBefore: later(1_000, 10 * minuteMs), reason, fault: true };
};

const isOfTheMoment = (error: unknown): boolean =>
  error instanceof Contended ||
  error instanceof StoreOverloaded ||
  error instanceof ConcurrentChange ||
  isTransient(error);

const ofKeys = [KeyManagementUnavailable, KeyMissing, KeyringRefused, UnwrapRefused];

/** Whether it is about our keys or the way to them, and not about the event: a person mends it, and the event is applied. */
export const isOfKeys = (error: unknown): error is Error & { code: string } =>
  ofKeys.some((kind) => error instanceof kind);
