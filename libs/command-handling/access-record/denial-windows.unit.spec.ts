import fc from 'fast-check';

import type { Denial } from '#access';

import { DenialWindows } from './denial-windows.js';
import { otherDenials } from './other-denials.js';
import type { CountedDenial } from './recordable.js';

const one = '11111111-1111-4111-8111-111111111111';
const two = '22222222-2222-4222-8222-222222222222';

const denial = (more: Partial<Denial> = {}): Denial => ({
  tenantId: one,
  channel: 'http',
  action: 'payments.create',
  code: 'insufficient_scope',
  origin: { network: '203.0.113.0/24', requestId: 'r' },
  ...more,
});
const sum = (counted: readonly CountedDenial[]) => counted.reduce((total, { count }) => total + count, 0);

describe('denials of one kind', () => {
  it('are written at once the first time, and the ones of the next minute as one', () => {
    const windows = new DenialWindows();
    expect(windows.take(denial(), 1_000).write).toEqual({ denial: denial(), count: 1, firstAt: 1_000, lastAt: 1_000 });
    for (const at of [2_000, 30_000, 60_999]) expect(windows.take(denial(), at).write).toBeUndefined();
    expect(windows.ended(60_999)).toEqual([]);
    const repeats = denial({ origin: { network: '203.0.113.0/24' } });
    expect(windows.ended(61_000)).toEqual([{ denial: repeats, count: 3, firstAt: 2_000, lastAt: 60_999 }]);
    expect(windows.size).toBe(0);
  });

  it('are written at once again after a minute', () => {
    const windows = new DenialWindows();
    windows.take(denial(), 0);
    expect(windows.ended(60_000)).toEqual([]);
    expect(windows.take(denial(), 60_000).write).toBeDefined();
  });

  it.each<[string, Partial<Denial>]>([
    ['tenant', { tenantId: two }],
    ['door', { channel: 'kafka' }],
    ['action', { action: 'payments.get' }],
    ['code', { code: 'tenant_mismatch' }],
    ['caller', { caller: { kind: 'person', subject: 'somebody' } }],
    ['network', { origin: { network: '198.51.100.0/24' } }],
    ['certificate', { origin: { network: '203.0.113.0/24', spiffeId: 'spiffe://example.org/shop' } }],
  ])('are another kind with another %s', (_, other) => {
    const windows = new DenialWindows();
    windows.take(denial(), 0);
    expect(windows.take(denial(other), 0).write).toBeDefined();
  });

  it('say which tenant was named as long as it was one, and no request of many', () => {
    const windows = new DenialWindows();
    for (const named of [two, two]) windows.take(denial({ namedTenantId: two, code: `a_${named === two}` }), 0);
    for (const named of [one, one, two]) windows.take(denial({ namedTenantId: named, code: 'b' }), 0);
    const [a, b] = windows.rest();
    expect([a?.denial.namedTenantId, a?.denial.origin.requestId]).toEqual([two, undefined]);
    expect([b?.denial.namedTenantId, b?.denial.origin.requestId]).toEqual([undefined, undefined]);
    expect([a?.denial.namedTenantIds, b?.denial.namedTenantIds]).toEqual([undefined, [one, two]]);
  });

  it('say the first ten of the tenants that were named', () => {
    const windows = new DenialWindows();
    const named = Array.from({ length: 1_000 }, (_, at) => `named-${at}`);
    const first = named.map((namedTenantId) => windows.take(denial({ namedTenantId }), 0).write)[0];
    expect(first?.denial.namedTenantId).toBe('named-0');
    const [repeats] = windows.rest();
    expect([repeats?.count, repeats?.denial.namedTenantId]).toEqual([999, undefined]);
    expect(repeats?.denial.namedTenantIds).toEqual(named.slice(1, 11));
  });
});

describe('more kinds of denials than there is room for', () => {
  const bounds = { windowMs: 60_000, kinds: 6, kindsOfTenant: 4, kindsOfPayer: 2 };

  it('are counted by tenant and door, and the others keep their room', () => {
    const windows = new DenialWindows(bounds);
    const ofAttacker = Array.from({ length: 50 }, (_, at) =>
      windows.take(denial({ code: `code_${at}`, origin: { network: '198.51.100.0/24' } }), at),
    );
    expect(ofAttacker.filter(({ write }) => write)).toHaveLength(2);
    expect(ofAttacker.filter(({ told }) => !told)).toHaveLength(48);
    expect(windows.take(denial(), 60).write).toBeDefined();
    expect(windows.take(denial({ tenantId: two }), 60).write).toBeDefined();
    expect(windows.rest()).toEqual([
      {
        denial: { tenantId: one, channel: 'http', action: 'unknown', code: otherDenials, origin: {} },
        ...{ count: 48, firstAt: 2, lastAt: 49 },
      },
    ]);
  });

  it('of more tenants than are told apart are counted by door', () => {
    const windows = new DenialWindows(bounds);
    for (let at = 0; at < 500; at += 1)
      windows.take(denial({ tenantId: `tenant-${at}`, origin: { network: `10.0.${at}.0/24` } }), at);
    const rest = windows.rest();
    expect(rest).toHaveLength(bounds.kinds + 1);
    expect(sum(rest)).toBe(500 - bounds.kinds);
    expect(rest.at(-1)?.denial.tenantId).toBeUndefined();
  });
});

describe('room for kinds of denials', () => {
  const victim = { tenantId: one, caller: { kind: 'person', subject: 'mallory' } as const };
  const told = (windows: DenialWindows, of: readonly Partial<Denial>[]) =>
    of.filter((more) => windows.take(denial(more), 0).told).length;
  const many = (count: number, of: (at: number) => Partial<Denial>) => Array.from({ length: count }, (_, at) => of(at));

  it('is taken by who pays for it, however many tenants they name', () => {
    const windows = new DenialWindows();
    const caller = { kind: 'person', subject: 'auditor' } as const;
    const named = many(2_500, (at) => ({ tenantId: `named-${at}`, caller, code: 'insufficient_scope' }));
    expect(told(windows, named)).toBe(50);
    expect(told(windows, [victim])).toBe(1);
    // What one caller names does not push the numbers of others out of their tenants' logs either.
    windows.fold({ denial: denial({ tenantId: two }), count: 7, firstAt: 0, lastAt: 0 }, 0);
    const rest = windows.rest();
    expect(rest.filter(({ denial: { tenantId } }) => tenantId?.startsWith('named-'))).toHaveLength(50);
    expect(rest.find(({ denial: { tenantId } }) => tenantId === two)?.count).toBe(7);
    expect(sum(rest)).toBe(2_500 - 50 + 7);
  });

  it('is counted by the service that calls, whichever networks it calls from and for whichever tenants', () => {
    const windows = new DenialWindows();
    const shop = many(2_500, (at) => ({
      tenantId: `t${at % 40}`,
      action: `a${at}`,
      caller: { kind: 'service', subject: 'spiffe://billing/shop' } as const,
      origin: { network: `10.0.${at % 200}.0/24` },
    }));
    expect(told(windows, shop)).toBe(50);
    const untold = many(80, (at) => ({
      action: `a${at}`,
      origin: { spiffeId: 'spiffe://billing/x', network: `10.${at}` },
    }));
    expect(told(windows, untold)).toBe(50);
    expect(told(windows, [victim])).toBe(1);
  });

  it('is there for another network, whatever a few have taken of a tenant’s', () => {
    const windows = new DenialWindows();
    for (let network = 0; network < 8; network += 1)
      told(
        windows,
        many(60, (at) => ({ action: `a${at}`, origin: { network: `198.51.${network}.0/24` } })),
      );
    const newcomer = many(60, (at) => ({ action: `a${at}`, origin: { network: '203.0.113.0/24' } }));
    const its = told(windows, newcomer);
    expect(its).toBeGreaterThan(40);
    expect(its).toBeLessThanOrEqual(50);
    // Those that had most have less now, and no more of it this minute.
    expect(
      told(
        windows,
        many(60, (at) => ({ action: `b${at}`, origin: { network: '198.51.0.0/24' } })),
      ),
    ).toBe(0);
  });

  it('of a tenant is one for the proved and one for the unproved', () => {
    const windows = new DenialWindows();
    expect(
      told(
        windows,
        many(1_000, (at) => ({ origin: { network: `2001:db8:${at.toString(16)}::/48` } })),
      ),
    ).toBe(400);
    expect(told(windows, [victim])).toBe(1);
  });

  it('is there for whoever has none, as long as there are fewer callers than kinds', () => {
    const windows = new DenialWindows();
    for (let caller = 0; caller < 1_000; caller += 1)
      told(
        windows,
        many(20, (at) => ({
          ...victim,
          tenantId: `t${caller % 20}`,
          action: `a${at}`,
          caller: { kind: 'person', subject: `${caller}` },
        })),
      );
    expect(windows.size).toBeLessThanOrEqual(2_000 + 20);
    expect(
      told(
        windows,
        many(40, (at) => ({ ...victim, action: `a${at}` })),
      ),
    ).toBeGreaterThan(0);
  });

  it('makes no more records in a minute than a few times of itself, whoever pushes whom out', () => {
    const windows = new DenialWindows();
    let records = 0;
    for (let caller = 0; caller < 450; caller += 1)
      records += told(
        windows,
        many(60, (at) => ({ action: `a${at}`, caller: { kind: 'person', subject: `${caller}` } })),
      );
    for (let again = 0; again < 450; again += 1)
      records += told(
        windows,
        many(60, (at) => ({ action: `b${at}`, caller: { kind: 'person', subject: `${again}` } })),
      );
    expect(records).toBeLessThan(3_000);
    expect(records + sum(windows.rest())).toBe(2 * 450 * 60);
  });
});

describe('whatever comes', () => {
  const arbitraryDenial = fc.record({
    tenant: fc.integer({ min: 0, max: 12 }),
    code: fc.integer({ min: 0, max: 6 }),
    network: fc.integer({ min: 0, max: 6 }),
    channel: fc.constantFrom('http' as const, 'kafka' as const),
    pauseMs: fc.integer({ min: 0, max: 20_000 }),
    ends: fc.boolean(),
  });
  const bounds = { windowMs: 60_000, kinds: 12, kindsOfTenant: 6, kindsOfPayer: 3 };

  it('every denial is counted once, in bounded room, in records whose times hold what they count', () => {
    fc.assert(
      fc.property(fc.array(arbitraryDenial, { maxLength: 300 }), (given) => {
        const windows = new DenialWindows(bounds);
        const written: CountedDenial[] = [];
        let now = 0;
        for (const { tenant, code, network, channel, pauseMs, ends } of given) {
          now += pauseMs;
          const { write } = windows.take(
            denial({ tenantId: `t${tenant}`, channel, code: `c${code}`, origin: { network: `n${network}` } }),
            now,
          );
          if (write) written.push(write);
          if (ends) written.push(...windows.ended(now));
          expect(windows.size).toBeLessThanOrEqual(2 * bounds.kinds + 2);
        }
        written.push(...windows.rest());
        expect(sum(written)).toBe(given.length);
        expect(windows.size).toBe(0);
        for (const { count, firstAt, lastAt } of written) {
          expect(count).toBeGreaterThan(0);
          expect(firstAt).toBeLessThanOrEqual(lastAt);
          expect(lastAt).toBeLessThanOrEqual(now);
        }
      }),
    );
  });

  it('what is folded back is counted once more, and nothing else is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 9 }))), (given) => {
        const windows = new DenialWindows(bounds);
        for (const [tenant, count] of given)
          windows.fold({ denial: denial({ tenantId: `t${tenant}` }), count, firstAt: 5, lastAt: 7 }, 10);
        const rest = windows.rest();
        expect(sum(rest)).toBe(given.reduce((total, [, count]) => total + count, 0));
        expect(rest.length).toBeLessThanOrEqual(bounds.kinds + 1);
      }),
    );
  });
});
