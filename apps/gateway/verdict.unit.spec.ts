import { SuspendedTenant } from '#event-store';
import { KeyManagementUnavailable, KeyMissing, KeyringRefused, SealBroken, UnwrapRefused } from '#keys';
import { OutcomeUnknown, ProcessorUnavailable } from '#processor';

import type { TakenCall } from './calls/call.js';
import { LineClosed } from './line/line.js';
import { NotReady, StillUnknown } from './operations/operation.js';
import { verdictOf } from './verdict.js';

const now = new Date('2026-11-01T12:00:00Z');
const call = (over: Partial<TakenCall> = {}): TakenCall =>
  ({ tries: 1, faults: 0, unknown: false, firstSentAt: now, ...over }) as TakenCall;

const lost = new OutcomeUnknown('ETIMEDOUT', { stored: false });
const refused = new ProcessorUnavailable('rate_limit', { sick: false, retryAfterMs: 30_000 });

describe('a call that did not come to its end', () => {
  it('is unknown once it may have been executed, and stays so whatever comes next', () => {
    expect(verdictOf(lost, call(), now).state).toBe('unknown');
    expect(verdictOf(refused, call(), now).state).toBe('queued');
    for (const error of [refused, new LineClosed('breaker_open'), new NotReady('x', 1, 1)]) {
      expect(verdictOf(error, call({ unknown: true, tries: 3 }), now)).toMatchObject({ state: 'unknown' });
    }
  });

  it('has not begun the life of its key where nothing was ever sent', () => {
    expect(verdictOf(new LineClosed('crowded'), call(), now).neverSent).toBe(true);
    expect(verdictOf(new LineClosed('crowded'), call({ tries: 2 }), now).neverSent).toBe(false);
    expect(verdictOf(refused, call(), now).neverSent).toBe(false);
  });

  it('has not begun it either where no API key was good for it, however often it was tried', () => {
    for (const reason of ['no_api_key', 'api_key_refused', 'api_key_forbidden']) {
      const error = new ProcessorUnavailable(reason, { sick: false });
      expect(verdictOf(error, call({ tries: 500 }), now)).toMatchObject({ state: 'queued', neverSent: true });
      expect(verdictOf(error, call({ unknown: true }), now)).toMatchObject({ state: 'unknown', neverSent: false });
    }
  });

  it('waits as long as the processor asks, and longer with each try, within ten minutes', () => {
    expect(verdictOf(refused, call(), now).delayMs).toBeGreaterThanOrEqual(30_000);
    const delays = [1, 5, 50].map((tries) => verdictOf(lost, call({ tries }), now).delayMs);
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBeLessThanOrEqual(600_000);
  });

  it('is parked when our own code fails on it five times, and not when Postgres is away', () => {
    const bug = new TypeError('x is undefined');
    expect([3, 4].map((faults) => verdictOf(bug, call({ faults }), now).state)).toEqual(['unknown', 'parked']);
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(verdictOf(away, call({ faults: 4 }), now)).toMatchObject({ state: 'unknown', error: 'store_unavailable' });
  });

  it('is never parked because the keys cannot be reached, and is asked again under its own', () => {
    for (const trouble of ['unreachable', 'disabled', 'pending_deletion', 'denied'] as const)
      expect(verdictOf(new KeyManagementUnavailable(trouble), call({ tries: 500, faults: 4 }), now)).toMatchObject({
        state: 'unknown',
        error: 'key_management_unavailable',
        level: 'warn',
      });
  });

  it.each([
    ['unwrap_refused', new UnwrapRefused()],
    ['key_missing', new KeyMissing('tenant t', 'token', 2)],
    ['keyring_refused', new KeyringRefused('another master key')],
  ])('is never parked because of %s, which is about our keys and not about the call', (error, thrown) => {
    const verdict = verdictOf(thrown, call({ tries: 500, faults: 4 }), now);
    expect(verdict).toMatchObject({ state: 'unknown', error, level: 'warn' });
    expect(verdict.fault).toBeUndefined();
    expect(verdict.delayMs).toBeLessThanOrEqual(60_000);
  });

  it('is parked when what was sealed was changed', () => {
    expect(verdictOf(new SealBroken('changed'), call({ faults: 4 }), now).state).toBe('parked');
  });

  it('is parked, and not tried for ever, when its tenant is suspended and the fact may not be said of it', () => {
    const refused = new SuspendedTenant();
    for (const faults of [0, 1, 2, 3])
      expect(verdictOf(refused, call({ faults }), now)).toMatchObject({ state: 'unknown', fault: true });
    expect(verdictOf(refused, call({ faults: 4 }), now)).toMatchObject({ state: 'parked', error: 'SuspendedTenant' });
  });

  it('is parked when the processor could not tell for a month what became of it', () => {
    const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 3_600_000);
    expect(verdictOf(new StillUnknown(), call({ firstSentAt: daysAgo(2) }), now).state).toBe('unknown');
    expect(verdictOf(new StillUnknown(), call({ firstSentAt: daysAgo(31) }), now).state).toBe('parked');
  });

  it('keeps a code and never a message', () => {
    expect(verdictOf(new TypeError('card 4242424242424242'), call(), now).error).toBe('TypeError');
  });
});
