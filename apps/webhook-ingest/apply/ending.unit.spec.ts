import { SuspendedTenant } from '#event-store';
import { KeyManagementUnavailable, KeyMissing, KeyringRefused, UnwrapRefused } from '#keys';

import type { TakenEvent } from '../inbox/index.js';
import { fateAfter, fateOf, waitMs } from './ending.js';
import { notYet } from './verdict.js';

const start = Date.UTC(2026, 10, 21);
const minutes = (count: number) => new Date(start + count * 60_000);

const taken = (more: Partial<TakenEvent>): TakenEvent => ({
  processor: 'stripe',
  eventId: 'evt_1',
  source: 'delivered',
  account: undefined,
  type: 'charge.updated',
  apiVersion: '2026-10-28.endive',
  livemode: false,
  createdAt: minutes(0),
  receivedAt: minutes(0),
  sealed: 'v1.1.sealed',
  state: 'received',
  reason: undefined,
  tries: 1,
  waitsSince: minutes(0),
  looks: 0,
  faults: 0,
  leaseUntil: minutes(20),
  ...more,
});

const unknown = { state: 'waiting', reason: 'object_unknown' } as const;

describe('an event that waits', () => {
  it.each([
    [16, 0, 'waiting'],
    [16, 3, 'waiting'],
    [16, 4, 'quarantined'],
    [600, 0, 'waiting'],
    [14, 100, 'waiting'],
  ])('after %i minutes, looked at %i times before, is %s', (after, looks, state) => {
    const fate = fateOf(unknown, taken({ looks, tries: looks + 1 }), minutes(after));
    expect(fate).toMatchObject({ state, reason: 'object_unknown' });
    expect(fateAfter(notYet('object_unknown'), taken({ looks }), minutes(after))).toMatchObject({ state });
  });

  it('is looked at again soon, and at the very end of its time', () => {
    const soon = fateOf(unknown, taken({ looks: 0 }), minutes(16));
    expect(soon).toMatchObject({ kind: 'put_back', lookedInVain: true });
    if (soon.kind !== 'put_back') throw new Error('it ended');
    const ms = soon.notBefore.getTime() - minutes(16).getTime();
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(100);
    const last = fateOf(unknown, taken({ looks: 50 }), minutes(14.9));
    expect(last).toMatchObject({ notBefore: new Date(start + waitMs) });
  });

  it('has its time again from when a person had it tried again', () => {
    const replayed = taken({ waitsSince: minutes(60), looks: 9 });
    expect(fateOf(unknown, replayed, minutes(74))).toMatchObject({ state: 'waiting' });
    expect(fateOf(unknown, replayed, minutes(76))).toMatchObject({ state: 'quarantined' });
  });
});

describe('an error of the moment', () => {
  it.each(['57014', '55P03', '53300', '57P01', '40P01', '08006'])('never counts as a fault or a look: %s', (code) => {
    const error = Object.assign(new Error('not now'), { code });
    const fate = fateAfter(error, taken({ state: 'waiting', faults: 4, tries: 5 }), minutes(16));
    expect(fate).toMatchObject({ kind: 'put_back', state: 'waiting', reason: 'store_unavailable' });
    expect(fate).not.toMatchObject({ fault: true });
    expect(fate).not.toMatchObject({ lookedInVain: true });
  });

  it('is that the keys cannot be reached, whatever it takes to mend that', () => {
    const fate = fateAfter(
      new KeyManagementUnavailable('pending_deletion'),
      taken({ state: 'waiting', faults: 4, tries: 500 }),
      minutes(16),
    );
    expect(fate).toMatchObject({ kind: 'put_back', state: 'waiting', reason: 'key_management_unavailable' });
    expect(fate).not.toMatchObject({ fault: true });
    expect(fate).not.toMatchObject({ lookedInVain: true });
  });
});

describe('an error of our keys', () => {
  it.each([
    ['unwrap_refused', new UnwrapRefused()],
    ['key_missing', new KeyMissing('processor stripe', 'inbox', 2)],
    ['keyring_refused', new KeyringRefused('another master key')],
  ])('never counts as a fault: %s', (reason, thrown) => {
    const fate = fateAfter(thrown, taken({ faults: 4, tries: 500 }), minutes(16));
    expect(fate).toMatchObject({ kind: 'put_back', state: 'received', reason });
    expect(fate).not.toMatchObject({ fault: true });
  });
});

describe('an event whose tenant is suspended, and of which nothing may be said then,', () => {
  it('is tried again five times, more and more slowly, and then waits for a person', () => {
    const refused = new SuspendedTenant();
    for (const faults of [0, 1, 2, 3]) {
      const fate = fateAfter(refused, taken({ faults, tries: faults + 1 }), minutes(0));
      expect(fate).toMatchObject({ kind: 'put_back', state: 'received', fault: true, reason: 'SuspendedTenant' });
    }
    const last = fateAfter(refused, taken({ faults: 4, tries: 5 }), minutes(0));
    expect(last).toMatchObject({ kind: 'ended', state: 'failed', reason: 'SuspendedTenant' });
  });
});
